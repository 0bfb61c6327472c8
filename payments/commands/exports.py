"""Taking payments out of the house, as a file."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from audit.command import command
from audit.errors import Kind, Refusal
from audit.jobs.models import Job
from audit.jobs.steps import add_job
from audit.work import Work

EXPORT = "payments.export_payments"
JOB_KIND = "payments.export"
FORMATS = ("csv", "xlsx")


@command("payments.export.requested")
def export_payments(
    work: Work,
    *,
    query: str,
    columns: Sequence[str],
    file_format: str,
    is_live: bool,
    language: str,
    key: str,
) -> Job:
    """Have the payments of one mode that fit `query` (as the list's address has it) written to a
    file.

    `columns` are those of the list, `language` that of its words. A repeat with the same key
    answers the first job.
    """
    if (done := work.replay(Job)) is not None:
        return done
    if not work.actor.may(EXPORT):
        raise Refusal("not_allowed", _("Your role does not export payments."), Kind.FORBIDDEN)
    if file_format not in FORMATS:
        raise Refusal("format_unknown", _("Choose a format from the list."))
    given = {
        "query": query,
        "columns": list(columns),
        "format": file_format,
        "language": language,
    }
    return add_job(work, kind=JOB_KIND, given=given, is_live=is_live)

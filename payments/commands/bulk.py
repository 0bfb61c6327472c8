"""One act on several payments: asked for once, done one by one, each with a key of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.command import command
from audit.errors import Kind, Refusal
from audit.jobs.models import Job
from audit.jobs.steps import add_job
from audit.notes.queries import list_offered_tags
from audit.texts import clean_text
from audit.work import Work
from payments.models import Payment, RefundReason
from payments.queries.bulk import MOST, Act

Rows = Sequence[tuple[str, int, str]]
"""Payment id, minor units, currency: what the person saw would be done."""


@command("payments.bulk.requested", moves_money=True)
def act_on_many(
    work: Work,
    *,
    act: Act,
    rows: Rows,
    key: str,
    reason: str = "",
    comment: str = "",
    tag: str = "",
) -> Job:
    """Have `act` done to each of `rows` in the background, for exactly the amount given.

    Needs the permission of the single act; each payment is then checked, limited and approved as
    if it were alone. A repeat with the same key answers the first job.
    """
    if (done := work.replay(Job)) is not None:
        return done
    if not work.actor.may(act.permission):
        raise Refusal("not_allowed", _("Your role does not do this."), Kind.FORBIDDEN)
    if not rows:
        raise Refusal("nothing_chosen", _("Nothing would be done: choose other payments."))
    if len(rows) > MOST or len({pk for pk, _minor, _currency in rows}) < len(rows):
        raise Refusal("too_many", _("These are too many payments for one go."))
    words = clean_text(comment, field="comment", most=500, lines=True)
    if act is Act.REFUND and not RefundReason.objects.filter(code=reason, is_active=True).exists():
        raise Refusal("reason_missing", _("Choose a reason from the list."))
    if act is Act.TAG and not list_offered_tags().filter(code=tag).exists():
        raise Refusal("tag_missing", _("Choose a tag from the list."))
    given: dict[str, Any] = {
        "rows": [[pk, minor, currency] for pk, minor, currency in rows],
        "reason": reason,
        "comment": words,
        "tag": tag,
    }
    return add_job(work, kind=act.job_kind, given=given, total=len(rows), is_live=_mode_of(rows))


def _mode_of(rows: Rows) -> bool | None:
    """Whether these payments are live or tests; None where there are both. One SELECT."""
    found = Payment.objects.filter(pk__in=[pk for pk, _minor, _currency in rows])
    modes = set(found.order_by().values_list("is_live", flat=True))
    return modes.pop() if len(modes) == 1 else None

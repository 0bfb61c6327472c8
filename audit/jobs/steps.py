"""Asking for a job inside somebody's Work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.errors import KernelError, Kind, Refusal
from audit.jobs.models import Job
from audit.work import Work


def add_job(
    work: Work,
    *,
    kind: str,
    given: Mapping[str, Any],
    total: int | None = None,
    is_live: bool | None = None,
) -> Job:
    """Have a job of `kind` begin once this is committed. The command must have a key.

    `given` holds ids and choices, no personal data. Only people ask. `is_live` is the mode of
    what it is about, where that has one.
    """
    work.assert_open()
    if work.key is None:
        raise KernelError("a job is asked for with a key")
    if work.actor.user_id is None:
        raise Refusal("job_needs_person", _("Only a person can ask."), Kind.FORBIDDEN)
    job = Job(
        key=work.key,
        fingerprint=work.fingerprint,
        kind=kind,
        asked_by_id=work.actor.user_id,
        asked_at=work.now,
        request_id=work.actor.request_id[:64],
        given=dict(given),
        total=total,
        is_live=is_live,
    )
    work.add(job)
    work.record("jobs.job.asked", obj=job, data={"kind": kind})
    work.later("jobs.run", job_id=job.pk)
    return job

"""The machine of a job."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from audit.errors import KernelError
from audit.jobs.models import Job
from audit.work import Work

S = Job.Status


class Event(StrEnum):
    """What can happen. The value is the event in the log."""

    STARTED = "jobs.job.started"
    FINISHED = "jobs.job.finished"
    FAILED = "jobs.job.failed"
    CANCELLED = "jobs.job.cancelled"
    RESUMED = "jobs.job.resumed"


MOVES: dict[tuple[str, Event], str] = {
    (S.WAITING, Event.STARTED): S.RUNNING,
    (S.WAITING, Event.FAILED): S.FAILED,
    (S.WAITING, Event.CANCELLED): S.CANCELLED,
    (S.RUNNING, Event.FINISHED): S.DONE,
    (S.RUNNING, Event.FAILED): S.FAILED,
    (S.RUNNING, Event.CANCELLED): S.CANCELLED,
    (S.FAILED, Event.RESUMED): S.RUNNING,
}


def move(work: Work, job: Job, event: Event, **fields: Any) -> None:
    """Make a legal move and put it on record. Raises KernelError for any other."""
    status = MOVES.get((job.status, event))
    if status is None:
        allowed = sorted(one.value for state, one in MOVES if state == job.status)
        raise KernelError(f"a {job.status} job takes {allowed}, not {event.value}")
    work.change(job, status=status, **fields)
    data = {"kind": job.kind, "done": job.done, "step": job.step}
    if job.error:
        data["error"] = job.error
    if job.file:
        data |= {"sha256": job.file_digest, "bytes": job.file_size}
    work.record(event.value, obj=job, data=data)

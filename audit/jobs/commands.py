"""How a job goes on, ends, and is stopped. All are repeatable by state."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.command import command
from audit.errors import Kind, Refusal
from audit.jobs.kinds import folder_of, parts_of
from audit.jobs.models import Job
from audit.jobs.policy import may_stop
from audit.jobs.queries import missing, past_their_time
from audit.jobs.states import Event, move
from audit.work import Work

KEPT_FOR = timedelta(days=7)
DIED = "died"


def _load(work: Work, job_id: uuid.UUID) -> Job:
    return work.load_one(Job.objects.filter(pk=job_id), missing())


@command(Event.STARTED.value)
def start_job(work: Work, *, job_id: uuid.UUID) -> Job:
    """Begin, or go on after it had died; one that runs goes on as it is."""
    job = _load(work, job_id)
    if job.status == Job.Status.WAITING:
        move(work, job, Event.STARTED, started_at=work.now)
    elif job.status == Job.Status.FAILED and job.error == DIED:
        move(work, job, Event.RESUMED, error="", ended_at=None)
    return job


@command("jobs.job.advanced")
def advance_job(
    work: Work,
    *,
    job_id: uuid.UUID,
    step: int,
    done: int,
    state: dict[str, Any],
    total: int | None = None,
) -> Job:
    """A slice is done: remember how far it is, and have the next one run.

    A slice that was done twice (`step` is not the job's any more) counts once.
    """
    job = _load(work, job_id)
    if job.status != Job.Status.RUNNING or job.step != step:
        return job
    work.change(job, step=step + 1, done=done, state=state, total=total or job.total)
    work.later("jobs.run", job_id=job.pk)
    return job


@command(Event.FINISHED.value)
def finish_job(
    work: Work,
    *,
    job_id: uuid.UUID,
    step: int,
    done: int,
    state: dict[str, Any],
    file: dict[str, Any] | None = None,
) -> Job:
    """The last slice is done. `file` holds the columns `file…` of what came of it."""
    job = _load(work, job_id)
    if job.status != Job.Status.RUNNING or job.step != step:
        return job
    work.later("jobs.remove_folder", folder=parts_of(job))
    more = {**file, "file_until": work.now + KEPT_FOR} if file else {}
    move(
        work,
        job,
        Event.FINISHED,
        step=step + 1,
        done=done,
        total=done,
        state=state,
        ended_at=work.now,
        **more,
    )
    return job


@command(Event.FAILED.value)
def fail_job(work: Work, *, job_id: uuid.UUID, error: str) -> Job:
    """It cannot go on. What had died keeps its unfinished work, for an administrator's retry."""
    job = _load(work, job_id)
    if job.is_over:
        return job
    if error != DIED:
        _let_go(work, job)
    move(work, job, Event.FAILED, error=error[:40], ended_at=work.now)
    return job


@command(Event.CANCELLED.value)
def cancel_job(work: Work, *, job_id: uuid.UUID) -> Job:
    """Stop a job: at once when it waits, after its slice when it runs. What is done stays done.

    For the person who asked, and who looks after all jobs. A repeat does nothing.
    """
    job = _load(work, job_id)
    if not may_stop(work.actor, job):
        raise Refusal("not_yours", _("Only who asked for it may stop it."), Kind.FORBIDDEN)
    if job.status == Job.Status.WAITING:
        move(work, job, Event.CANCELLED, ended_at=work.now)
    elif job.status == Job.Status.RUNNING and not job.is_stopping:
        work.change(job, is_stopping=True)
        work.record("jobs.job.stopping", obj=job, data={"kind": job.kind})
    return job


@command("jobs.job.stopped")
def stop_job(work: Work, *, job_id: uuid.UUID) -> Job:
    """A worker saw that a running job is to stop."""
    job = _load(work, job_id)
    if job.status == Job.Status.RUNNING and job.is_stopping:
        _let_go(work, job)
        move(work, job, Event.CANCELLED, ended_at=work.now)
    return job


@command("jobs.files.expired")
def expire_files(work: Work, *, limit: int = 100) -> int:
    """Let go of the files whose time is over; returns how many. The jobs themselves stay."""
    jobs = work.load(past_their_time(work.now, limit))
    for job in jobs:
        _let_go(work, job)
        # After a rotation of keys it is elsewhere.
        work.later("jobs.remove_file", name=job.file)
        work.record("jobs.file.expired", obj=job, data={"sha256": job.file_digest})
        work.change(job, file="", file_until=None)
    return len(jobs)


def _let_go(work: Work, job: Job) -> None:
    """Have all files of the job removed."""
    work.later("jobs.remove_folder", folder=folder_of(job))

"""One slice of a job for each message of the outbox."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from celery import shared_task

from audit import files
from audit.actor import acting_as, system
from audit.errors import Refusal
from audit.jobs.commands import (
    DIED,
    advance_job,
    expire_files,
    fail_job,
    finish_job,
    start_job,
    stop_job,
)
from audit.jobs.kinds import JobFailed, JobFile, JobKind, Slice, find_kind
from audit.jobs.models import Job
from audit.jobs.policy import may_run
from audit.jobs.queries import find_job
from audit.outbox.handlers import TryAgain, handler, when_dead
from audit.people import find_person


@handler("jobs.run")
def run(*, job_id: str) -> None:
    """Do the next slice of a job, as the person who asked for it. It may run twice."""
    job = find_job(uuid.UUID(job_id))
    if job is None or (job.is_over and job.error != DIED):
        return
    if job.is_stopping and not job.is_over:
        stop_job(job_id=job.pk)
        return
    kind = find_kind(job.kind)
    if kind is None:
        raise TryAgain("no such kind of job")
    person = find_person(job.asked_by_id, job.request_id)
    if person is None or not may_run(person, kind.permissions):
        fail_job(job_id=job.pk, error="not_allowed")
        return
    job = start_job(job_id=job.pk)
    if job.status != Job.Status.RUNNING:
        # Stopped in this very moment.
        return
    with acting_as(person):
        done = _slice(job, kind)
    if done is not None:
        _settle(job, done)


def _slice(job: Job, kind: JobKind) -> Slice | None:
    """The next slice, or None when the job has failed."""
    try:
        return kind.run(job)
    except (JobFailed, Refusal) as failure:
        with acting_as(system("jobs.run", job.request_id)):
            fail_job(job_id=job.pk, error=failure.code)
        return None


def _settle(job: Job, done: Slice) -> None:
    if done.is_over:
        finish_job(
            job_id=job.pk,
            step=job.step,
            done=done.done,
            state=done.state,
            file=_columns(done.file) if done.file else None,
        )
        return
    advance_job(job_id=job.pk, step=job.step, done=done.done, state=done.state, total=done.total)


def _columns(file: JobFile) -> dict[str, Any]:
    stored = dataclasses.asdict(file.stored)
    return {
        "file": stored["name"],
        "file_title": file.title,
        "file_type": file.content_type,
        "file_size": stored["size"],
        "file_digest": stored["digest"],
    }


@when_dead("jobs.run")
def give_up(*, job_id: str) -> None:
    """Nobody will run it again by himself: say so on its page."""
    fail_job(job_id=uuid.UUID(job_id), error=DIED)


@handler("jobs.remove_folder")
def remove_folder(*, folder: str) -> None:
    """Remove private files that no row names any more."""
    files.remove_folder(folder)


@handler("jobs.remove_file")
def remove_file(*, name: str) -> None:
    """Remove one of them."""
    files.remove(name)


@shared_task(name="jobs.expire")
def expire() -> None:
    """Let go of files past their time, a hundred at a time."""
    with acting_as(system("jobs.expire")):
        while expire_files():
            pass

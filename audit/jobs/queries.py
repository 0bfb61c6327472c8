"""Jobs, whose they are, and how many."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.errors import Kind, Refusal
from audit.jobs.models import Job
from audit.jobs.policy import is_visible


def find_job(job_id: uuid.UUID) -> Job | None:
    """A job, or None. One SELECT."""
    return Job.objects.filter(pk=job_id).first()


def get_job_for(actor: Actor, job_id: uuid.UUID) -> Job:
    """A job that `actor` may look at; a refusal (missing) for any other. One SELECT."""
    job = Job.objects.filter(pk=job_id).select_related("asked_by").first()
    if job is None or not is_visible(actor, job):
        raise missing()
    return job


def missing() -> Refusal:
    """The same answer for a job that is not there and for one that is somebody else's."""
    return Refusal("job_missing", _("There is no such job."), Kind.MISSING)


def list_jobs_of(user_id: uuid.UUID | None) -> QuerySet[Job]:
    """The jobs of a person, newest first."""
    return Job.objects.filter(asked_by_id=user_id).order_by("-asked_at", "-pk")


def list_jobs_in(status: str) -> QuerySet[Job]:
    """The jobs of everybody in one state, newest first, with who asked."""
    rows = Job.objects.filter(status=status).select_related("asked_by")
    return rows.order_by("-asked_at", "-pk")


def past_their_time(now: datetime, limit: int) -> QuerySet[Job]:
    """Jobs whose file is kept no longer."""
    return Job.objects.filter(file_until__lt=now).order_by("file_until", "pk")[:limit]

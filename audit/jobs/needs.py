"""Long work of one's own that failed."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import needs
from audit.actor import Actor
from audit.jobs.kinds import label_of
from audit.jobs.models import Job
from audit.needs import Need, shaped

RECENT = timedelta(days=7)


def failed(actor: Actor, now: datetime, _is_live: bool) -> list[QuerySet[Any, Any]]:
    """What this person asked for in the last days and did not get."""
    rows = Job.objects.filter(
        asked_by_id=actor.user_id, asked_at__gte=now - RECENT, status=Job.Status.FAILED
    )
    return [shaped(rows, words="kind", since="asked_at")]


def _page(job_id: uuid.UUID) -> str:
    return reverse("jobs:detail", args=[job_id])


def register() -> None:
    """Put it on the home page of whoever asked."""
    needs.register(
        Need(
            "failed_jobs",
            _("Your long work that failed"),
            "list-todo",
            (),
            failed,
            _page,
            lambda: reverse("jobs:list"),
            place=60,
            say=label_of,
        )
    )

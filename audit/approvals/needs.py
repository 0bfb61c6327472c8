"""What waits for a second person, on the home page of the one who may decide."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import needs
from audit.actor import Actor
from audit.approvals.queries import list_asked_by, list_decidable
from audit.needs import Need, shaped

SHAPE = {
    "words": "subject_reference",
    "since": "requested_at",
    "minor": "amount_minor",
    "currency": "currency",
}


def for_me(actor: Actor, now: datetime, _is_live: bool) -> list[QuerySet[Any, Any]]:
    """Requests of others that this person may decide."""
    return [shaped(list_decidable(actor, now), **SHAPE)]


def of_mine(actor: Actor, _now: datetime, _is_live: bool) -> list[QuerySet[Any, Any]]:
    """Requests of this person that wait for another."""
    return [shaped(list_asked_by(actor), **SHAPE)]


def _page(approval_id: uuid.UUID) -> str:
    return reverse("approvals:detail", args=[approval_id])


def register() -> None:
    """First on the page: somebody is waiting for these."""
    needs.register(
        Need(
            "approvals",
            _("Approvals that wait for you"),
            "check-check",
            ("approvals.view_approval",),
            for_me,
            _page,
            lambda: reverse("approvals:inbox"),
            place=10,
        )
    )
    needs.register(
        Need(
            "asked",
            _("You asked, and another person must decide"),
            "hourglass",
            ("approvals.view_approval",),
            of_mine,
            _page,
            lambda: reverse("approvals:inbox"),
            place=90,
        )
    )

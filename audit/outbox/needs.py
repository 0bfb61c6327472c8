"""Background work that nobody will do again by himself."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import needs
from audit.actor import Actor
from audit.needs import Need, shaped
from audit.outbox.models import Message


def dead(_actor: Actor, _now: datetime, _is_live: bool) -> list[QuerySet[Any, Any]]:
    """Messages that failed too often."""
    rows = Message.objects.filter(status=Message.Status.DEAD)
    return [shaped(rows, words="task", since="next_at")]


def _page(message_id: uuid.UUID) -> str:
    return reverse("outbox:retry", args=[message_id])


def register() -> None:
    """Put it on the home page of who may have it done again."""
    needs.register(
        Need(
            "dead",
            _("Background work that failed for good"),
            "activity",
            ("outbox.view_message", "outbox.retry_message"),
            dead,
            _page,
            lambda: reverse("outbox:list"),
            place=40,
        )
    )

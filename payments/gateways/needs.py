"""What providers told and nobody made sense of: a person decides what becomes of it."""

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
from payments.gateways.models import InboundEvent

ASIDE = InboundEvent.Status.QUARANTINED


def put_aside(_actor: Actor, _now: datetime, _is_live: bool) -> list[QuerySet[Any, Any]]:
    """Events that wait for a decision: another amount, a dispute, a word that nobody knows."""
    rows = InboundEvent.objects.filter(status=ASIDE)
    return [shaped(rows, words="type", since="received_at")]


def _page(event_id: uuid.UUID) -> str:
    return reverse("gateways:event", args=[event_id])


def register() -> None:
    """Put it on the home page of who may decide."""
    needs.register(
        Need(
            "events_aside",
            _("Provider events that were put aside"),
            "webhook",
            ("gateways.view_inboundevent", "gateways.map_event"),
            put_aside,
            _page,
            lambda: f"{reverse('gateways:events')}?status={ASIDE}",
            place=42,
            say=lambda words: words or _("unreadable"),
        )
    )

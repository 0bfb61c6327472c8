"""What waits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.errors import Kind, Refusal
from audit.outbox.models import Message


def due_messages(now: datetime, limit: int) -> QuerySet[Message]:
    """Messages to be run at `now`, oldest first. One index range for each branch.

    SKIP LOCKED lets two workers pass each other; the lease is what makes it right.
    """
    waiting = Q(status=Message.Status.WAITING, next_at__lte=now)
    abandoned = Q(status=Message.Status.LEASED, leased_until__lt=now)
    rows = Message.objects.filter(waiting | abandoned).order_by("next_at", "pk")
    return rows.select_for_update(skip_locked=True)[:limit]


def list_dead() -> QuerySet[Message]:
    """Messages that nobody will run again by himself."""
    return Message.objects.filter(status=Message.Status.DEAD).order_by("-next_at", "pk")


MOST_COUNTED = 1000
"""Beyond it a figure says no more than that it is high."""


def find_lag_s() -> float:
    """For how many seconds the oldest message that is due has been so. Two SELECTs by index."""
    now = clock.now()
    moments = [
        Message.objects.filter(status=Message.Status.WAITING, next_at__lte=now)
        .order_by("next_at")
        .values_list("next_at", flat=True)
        .first(),
        Message.objects.filter(status=Message.Status.LEASED, leased_until__lt=now)
        .order_by("next_at")
        .values_list("leased_until", flat=True)
        .first(),
    ]
    return max(((now - one).total_seconds() for one in moments if one), default=0.0)


def count_by_status() -> Mapping[str, float]:
    """How many messages wait, run and are dead, each counted up to a thousand."""
    counted = (Message.Status.WAITING, Message.Status.LEASED, Message.Status.DEAD)
    return {
        status.value: Message.objects.filter(status=status)[:MOST_COUNTED].count()
        for status in counted
    }


def list_in(status: str) -> QuerySet[Message]:
    """Messages in one state; the caller orders by `next_at` and pages. One index range."""
    return Message.objects.filter(status=status)


def get_message(message_id: uuid.UUID) -> Message:
    """One message; a refusal (missing) when there is none. One SELECT."""
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise Refusal("message_missing", _("There is no such message."), Kind.MISSING)
    return message

"""What waits."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

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

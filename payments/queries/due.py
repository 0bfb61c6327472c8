"""What a clock has to look at."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from payments.models import Attempt, Capture, Refund


def attempts_to_ask(now: datetime, limit: int) -> QuerySet[Attempt]:
    """Attempts whose outcome is unknown and due to be asked for."""
    rows = Attempt.objects.filter(
        ask_at__lte=now, status__in=(Attempt.Status.UNKNOWN, Attempt.Status.VOID_UNKNOWN)
    )
    return rows.select_related("payment", "card").order_by("ask_at", "pk")[:limit]


def captures_to_ask(now: datetime, limit: int) -> QuerySet[Capture]:
    """Captures whose outcome is unknown and due to be asked for."""
    rows = Capture.objects.filter(ask_at__lte=now, status=Capture.Status.UNKNOWN)
    return rows.select_related("attempt").order_by("ask_at", "pk")[:limit]


def refunds_to_ask(now: datetime, limit: int) -> QuerySet[Refund]:
    """Refunds whose outcome is unknown and due to be asked for."""
    rows = Refund.objects.filter(ask_at__lte=now, status=Refund.Status.UNKNOWN)
    return rows.select_related("attempt").order_by("ask_at", "pk")[:limit]


def attempts_to_expire(now: datetime, limit: int) -> QuerySet[Attempt]:
    """Attempts that still hold something, or wait for a customer, past their time."""
    open_states = (Attempt.Status.AUTHORIZED, Attempt.Status.REQUIRES_ACTION)
    rows = Attempt.objects.filter(status__in=open_states, expires_at__lte=now).exclude(
        status=Attempt.Status.AUTHORIZED,
        payment__captured_minor__gte=1,
        payment__status__in=("captured", "partially_refunded", "refunded"),
    )
    return rows.order_by("expires_at", "pk")[:limit]

"""What a clock has to look at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet

from audit import measures
from audit.together import together
from payments.models import (
    Asking,
    Attempt,
    Capture,
    Increment,
    LateAuthorization,
    Payment,
    Refund,
)
from payments.states import ASKED_FOR

WITH: dict[type[Asking], tuple[str, ...]] = {
    Attempt: ("payment", "card", "account"),
    Increment: ("attempt__account",),
    Capture: ("attempt__account",),
    Refund: ("attempt__account",),
    LateAuthorization: ("payment", "attempt__account"),
}
HOLDS = (
    Payment.Status.REQUIRES_ACTION,
    Payment.Status.AUTHORIZED,
    Payment.Status.PARTIALLY_CAPTURED,
)
GIVEN_BACK = (Payment.Status.PARTIALLY_REFUNDED, Payment.Status.REFUNDED)
LONGEST_HOLD = timedelta(days=60)
BOTH = (False, True)
"""Modes: named, so that an index in which the mode stands before the time is walked by both."""


def rows_to_ask(model: type[Asking], now: datetime, limit: int) -> QuerySet[Any]:
    """Rows without an end that are due to be asked for, the longest due first; and what was taken
    late and goes back by itself."""
    states = sorted({*ASKED_FOR, "taken"} if model is LateAuthorization else ASKED_FOR)
    rows = model.objects.filter(status__in=states, ask_at__lte=now)
    return rows.select_related(*WITH[model]).order_by("ask_at", "pk")[:limit]


def attempts_to_expire(now: datetime, limit: int) -> QuerySet[Attempt]:
    """Attempts that still hold something, or wait for a customer, past their time.

    Payments that hold nothing any more are most of them: what may hold something is found by the
    payment's status, and only the recent ones among those that were refunded.
    """
    open_states = (Attempt.Status.AUTHORIZED, Attempt.Status.REQUIRES_ACTION)
    recent = Q(
        payment__status__in=GIVEN_BACK,
        payment__is_live__in=BOTH,
        payment__created_at__gte=now - LONGEST_HOLD,
        payment__captured_minor__lt=F("payment__authorized_minor"),
    )
    rows = Attempt.objects.filter(
        Q(payment__status__in=HOLDS) | recent, status__in=open_states, expires_at__lte=now
    )
    return rows.order_by("expires_at", "pk")[:limit]


MOST_COUNTED = 1000
NOBODY_KNOWS = ("conflicted", "return_unknown", "unknown", "void_unknown")


def count_unknown() -> Mapping[str, float]:
    """How many outcomes nobody knows, up to a thousand of each kind. One SELECT, by index."""
    rows = [model.objects.filter(status__in=NOBODY_KNOWS).values("pk") for model in WITH]
    found = together(*(one.order_by()[:MOST_COUNTED] for one in rows))
    names = [model._meta.model_name or "" for model in WITH]
    return {name: len(some) for name, some in zip(names, found, strict=True)}


def register() -> None:
    """Have `/metrics` tell it."""
    measures.measure(
        "comptoir_unknown_outcomes",
        "Outcomes that nobody knows: asked for again, or waiting for a person.",
        count_unknown,
        label="kind",
    )


def intents_to_lapse(now: datetime, limit: int) -> QuerySet[Payment]:
    """Payments that nobody confirmed in time, oldest first. One SELECT, by index."""
    before = now - timedelta(hours=settings.CONFIRM_WITHIN_H)
    waiting = Payment.objects.filter(status=Payment.Status.REQUIRES_CONFIRMATION, is_live__in=BOTH)
    return waiting.filter(created_at__lte=before).order_by("created_at", "pk")[:limit]

"""What of the payments needs a person."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import modes, needs
from audit.actor import Actor
from audit.needs import Need, shaped
from payments.models import Attempt, Payment, Refund
from payments.queries.unsettled import MODELS, STATES

EXPIRING = timedelta(days=2)
RECENT = timedelta(days=30)
"""A refund that failed longer ago than this has been seen to, or never will be from here."""
BROKEN = (Refund.Status.FAILED, Refund.Status.RETURNED)
OF_PAYMENT = {"target": "payment_id", "words": "payment__reference"}


def unknown_outcomes(_actor: Actor, _now: datetime, is_live: bool) -> list[QuerySet[Any, Any]]:
    """What the provider has not told us, or told so that it does not fit, or told too late."""
    amount = {"minor": "amount_minor", "currency": "currency", "since": "created_at"}
    of_mode = modes.of_mode(is_live, "payment__")
    return [
        shaped(model.objects.filter(of_mode, status__in=STATES), **OF_PAYMENT, **amount)
        for model in MODELS
    ]


def expiring(_actor: Actor, now: datetime, is_live: bool) -> list[QuerySet[Any, Any]]:
    """Money that is held, not taken, and let go of within two days."""
    rows = Attempt.objects.filter(
        modes.of_mode(is_live, "payment__"),
        status=Attempt.Status.AUTHORIZED,
        expires_at__gt=now,
        expires_at__lte=now + EXPIRING,
        payment__status__in=(Payment.Status.AUTHORIZED, Payment.Status.PARTIALLY_CAPTURED),
        payment__authorized_minor__gt=F("payment__captured_minor")
        + F("payment__capture_pending_minor"),
    )
    amount = {"minor": "approved_minor", "currency": "currency", "since": "expires_at"}
    return [shaped(rows, **OF_PAYMENT, **amount)]


def broken_refunds(_actor: Actor, now: datetime, is_live: bool) -> list[QuerySet[Any, Any]]:
    """Refunds that failed or came back, after which nobody has refunded anew."""
    later = Refund.objects.filter(
        payment_id=OuterRef("payment_id"), created_at__gt=OuterRef("created_at")
    )
    amount = {"minor": "amount_minor", "currency": "currency", "since": "created_at"}
    return [
        shaped(
            Refund.objects.filter(
                modes.of_mode(is_live, "payment__"),
                ~Exists(later),
                status=status,
                created_at__gte=now - RECENT,
            ),
            **OF_PAYMENT,
            **amount,
        )
        for status in BROKEN
    ]


def _page(payment_id: uuid.UUID) -> str:
    return reverse("payments:detail", args=[payment_id])


def register() -> None:
    """Put them on the home page of those who can do something about them."""
    for need in (
        Need(
            "unknown",
            _("Outcome unknown"),
            "circle-question-mark",
            ("payments.view_payment", "payments.capture_payment"),
            unknown_outcomes,
            _page,
            lambda: reverse("payments:unsettled"),
        ),
        Need(
            "expiring",
            _("Authorizations about to expire"),
            "hourglass",
            ("payments.view_payment", "payments.capture_payment"),
            expiring,
            _page,
            lambda: reverse("payments:expiring"),
            when=_("Until"),
        ),
        Need(
            "broken_refunds",
            _("Refunds that failed or came back"),
            "undo-2",
            ("payments.view_payment", "payments.refund_payment"),
            broken_refunds,
            _page,
        ),
    ):
        needs.register(need)

"""What is held and will be let go: the money that a shop loses by waiting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.modes import of_mode
from payments.ledger.money import Money
from payments.models import Attempt, Payment
from payments.policy import Decision, capture_decision, void_decision


@dataclass(frozen=True, slots=True)
class Window:
    """A choice of the board."""

    code: str
    label: Any
    within: timedelta


WINDOWS = (
    Window("6h", _("6 hours"), timedelta(hours=6)),
    Window("24h", _("24 hours"), timedelta(hours=24)),
    Window("7d", _("7 days"), timedelta(days=7)),
)
HELD = F("payment__authorized_minor") - F("payment__captured_minor")
LEFT = HELD - F("payment__capture_pending_minor")


@dataclass(frozen=True, slots=True)
class Expiring:
    """An authorization that ends soon, what may be taken of it, and what may be done about it."""

    attempt: Attempt
    capture: Decision
    void: Decision

    @property
    def payment(self) -> Payment:
        return self.attempt.payment


@dataclass(frozen=True, slots=True)
class Uncaptured:
    """What ends within a window, by currency."""

    window: Window
    amounts: list[Money]


def find_window(code: str) -> Window:
    """The window of a code, the widest for one that there is not."""
    return next((one for one in WINDOWS if one.code == code), WINDOWS[-1])


def list_expiring(now: datetime, window: Window, *, is_live: bool) -> QuerySet[Attempt]:
    """Open authorizations of which something is left, ending within the window; the caller pages.

    What has ended already stays until the sweeper lets go of it. One index range of the open ones.
    """
    rows = Attempt.objects.filter(
        of_mode(is_live, "payment__"),
        status=Attempt.Status.AUTHORIZED,
        expires_at__lte=now + window.within,
        payment__status__in=(Payment.Status.AUTHORIZED, Payment.Status.PARTIALLY_CAPTURED),
        payment__authorized_minor__gt=F("payment__captured_minor")
        + F("payment__capture_pending_minor"),
    )
    return rows.select_related("payment", "payment__merchant")


def sum_expiring(now: datetime, *, is_live: bool) -> list[Uncaptured]:
    """What each window holds in one mode, its narrower ones in it. One SELECT."""
    rows = (
        list_expiring(now, WINDOWS[-1], is_live=is_live)
        .select_related(None)
        .order_by()
        .values("currency")
        .annotate(
            **{
                f"within_{one.code}": Coalesce(
                    Sum(LEFT, filter=Q(expires_at__lte=now + one.within)), 0
                )
                for one in WINDOWS
            }
        )
        .order_by("currency")
    )
    found: list[dict[str, Any]] = [dict(row) for row in rows]
    return [
        Uncaptured(
            one,
            [
                Money(int(row[f"within_{one.code}"]), row["currency"])
                for row in found
                if row[f"within_{one.code}"]
            ],
        )
        for one in WINDOWS
    ]


def view_expiring(attempts: Iterable[Attempt], actor: Actor, now: datetime) -> list[Expiring]:
    """What may be done with each. No queries."""
    return [
        Expiring(
            one,
            capture_decision(actor, one.payment, one, None, now),
            void_decision(actor, one.payment, one),
        )
        for one in attempts
    ]

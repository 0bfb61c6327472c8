"""When a refunded customer has his money, and why he does not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from payments.models import Attempt, Refund

OTHER = "other"
SATURDAY = 5
REFUND_FAILURES: dict[str, Any] = {
    "expired_or_canceled_card": _("The card has expired or was closed: its bank sent it back."),
    "lost_or_stolen_card": _("The card was reported lost or stolen: its bank sent it back."),
    "nothing_to_refund": _("The provider has nothing left of this payment to give back."),
    "refund_exceeds_captured": _("The provider holds less of this payment than was asked for."),
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """When it was sent, the days on which the money is usually there, and whether the last of
    them is over."""

    sent: date
    first: date
    last: date
    is_late: bool


def expected_arrival(refund: Refund, attempt: Attempt | None, now: datetime) -> Arrival | None:
    """When a refund that was sent usually stands on the customer's statement; else None."""
    if refund.status != Refund.Status.SUCCEEDED or refund.settled_at is None:
        return None
    fewest, most = days_of(attempt)
    sent = localtime(refund.settled_at).date()
    first, last = add_working_days(sent, fewest), add_working_days(sent, most)
    return Arrival(sent, first, last, localtime(now).date() > last)


def days_of(attempt: Attempt | None) -> tuple[int, int]:
    """The working days that the card's network usually takes, fewest and most."""
    table: Mapping[str, tuple[int, int]] = settings.REFUND_ARRIVAL_DAYS
    names = (attempt.network, attempt.card.brand) if attempt else ()
    return next((table[name] for name in names if name in table), table[OTHER])


def add_working_days(day: date, count: int) -> date:
    """`count` days later, Saturdays and Sundays left out. Banks' holidays are not known to us."""
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < SATURDAY
    return day


def explain_failure(code: str) -> Any:
    """Why a refund failed or came back; "" for a code that nobody has put into words."""
    return REFUND_FAILURES.get(code, "")

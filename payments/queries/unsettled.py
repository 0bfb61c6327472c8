"""What a provider has not told us, payment by payment."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from payments.models import Asking, Attempt, Capture, Increment, Payment, Refund
from payments.policy import inquiry_decision
from payments.queries.due import WITH
from payments.queries.payments import Story

MODELS: tuple[type[Asking], ...] = (Attempt, Increment, Capture, Refund)
OPEN_TO_INQUIRY = ("unknown", "conflicted", "requires_action", "void_unknown")
"""States in which the provider may be asked at any time. What is only on its way is not among
them: asked too early, a provider says that it never heard of it."""


def list_open_to_inquiry(payment_id: uuid.UUID) -> Iterator[Any]:
    """The rows of a payment that the provider may be asked about now. Four SELECTs."""
    for model in MODELS:
        rows = model.objects.filter(payment_id=payment_id, status__in=OPEN_TO_INQUIRY)
        yield from rows.select_related(*WITH[model]).order_by("created_at", "pk")


def count_open_to_inquiry(story: Story) -> int:
    """How many rows of a payment the provider may be asked about now. No queries."""
    rows: tuple[Any, ...] = (
        *story.attempts,
        *story.increments,
        *story.captures,
        *story.refunds,
    )
    return sum(row.status in OPEN_TO_INQUIRY for row in rows)


def list_open_increments(attempt_id: uuid.UUID) -> list[Increment]:
    """The increases of an attempt that have not come to an end, oldest first."""
    rows = Increment.objects.filter(
        attempt_id=attempt_id, status__in=("pending", "unknown", "conflicted")
    )
    return list(rows.select_related("attempt__account").order_by("created_at", "pk"))


def list_open_captures(attempt_id: uuid.UUID) -> list[Capture]:
    """The captures of an attempt that have not come to an end, oldest first."""
    rows = Capture.objects.filter(
        attempt_id=attempt_id, status__in=("pending", "unknown", "conflicted")
    )
    return list(rows.select_related("attempt__account").order_by("created_at", "pk"))


MOST = 100
"""So many rows of each sort are shown: beyond it the page says that there are more."""
NOUNS: dict[type[Asking], Any] = {
    Attempt: _("Authorization"),
    Increment: _("Increase"),
    Capture: _("Capture"),
    Refund: _("Refund"),
}


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A row of which nobody knows the end, and whether a person must see to it."""

    row: Any
    noun: Any
    needs_person: bool

    @property
    def payment(self) -> Payment:
        found: Payment = self.row.payment
        return found


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What needs a person first, then the oldest."""

    rows: list[OpenRow]
    has_more: bool
    may_ask: bool


def list_unsettled(actor: Actor) -> Unsettled:
    """What the providers have not told us, or told so that it does not fit. Four SELECTs."""
    found: list[OpenRow] = []
    has_more = False
    for model in MODELS:
        rows: list[Any] = list(
            model.objects.filter(status__in=("unknown", "void_unknown", "conflicted"))
            .select_related("payment", "payment__merchant")
            .order_by("created_at", "pk")[: MOST + 1]
        )
        has_more = has_more or len(rows) > MOST
        found += [
            OpenRow(one, NOUNS[model], one.ask_at is None or one.status == "conflicted")
            for one in rows[:MOST]
        ]
    found.sort(key=lambda one: (not one.needs_person, one.row.created_at, str(one.row.pk)))
    return Unsettled(found, has_more, inquiry_decision(actor, len(found)).allowed)

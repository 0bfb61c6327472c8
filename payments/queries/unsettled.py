"""What a provider has not told us, payment by payment."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Q, QuerySet, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit import keyset
from audit.actor import Actor
from audit.modes import of_mode
from payments.models import (
    Asking,
    Attempt,
    Capture,
    Increment,
    LateAuthorization,
    Payment,
    Refund,
)
from payments.policy import inquiry_decision
from payments.queries.due import WITH
from payments.queries.payments import Story

MODELS: tuple[type[Asking], ...] = (Attempt, Increment, Capture, Refund, LateAuthorization)
OPEN_TO_INQUIRY = (
    "unknown",
    "conflicted",
    "requires_action",
    "void_unknown",
    "return_unknown",
    "held",
)
"""States in which the provider may be asked at any time. What is only on its way is not among
them: asked too early, a provider says that it never heard of it."""


def list_open_to_inquiry(payment_id: uuid.UUID) -> Iterator[Any]:
    """The rows of a payment that the provider may be asked about now. Five SELECTs."""
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
        *story.late,
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


STATES = ("unknown", "void_unknown", "conflicted", "return_unknown", "held", "taken")
"""The states of which a provider owes us the end, and those of money that turned up late."""
NOUNS: dict[type[Asking], Any] = {
    Attempt: _("Authorization"),
    Increment: _("Increase"),
    Capture: _("Capture"),
    Refund: pgettext_lazy("noun", "Refund"),
    LateAuthorization: _("Authorization that turned up late"),
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


NEEDS_PERSON = Q(ask_at__isnull=True) | Q(status="conflicted")
BEGINNING = keyset.Cursor(keyset.EPOCH, uuid.UUID(int=0))


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A page of what is open. `has_more_for_person`: there are more of those that come first."""

    rows: list[OpenRow]
    page: keyset.Page[Any]
    has_more_for_person: bool
    may_ask: bool


def list_unsettled(
    actor: Actor, place: keyset.Place, *, is_live: bool, for_person: bool = False
) -> Unsettled:
    """What the providers have not told us of one mode's payments, or told so that it does not fit.

    The first page begins with what needs a person; then, and on the others, comes what they are
    still asked about, oldest first. `for_person`: only the former. Five SELECTs, ten at an edge.
    """
    whose = of_mode(is_live, "payment__")
    if for_person or place.cursor is not None:
        page = _take(whose & (NEEDS_PERSON if for_person else ~NEEDS_PERSON), place)
    else:
        page = _begin(whose, place)
    shown = [OpenRow(one, NOUNS[type(one)], _needs_person(one)) for one in page.rows]
    may_ask = inquiry_decision(actor, len(shown)).allowed
    return Unsettled(shown, page, page.after == BEGINNING, may_ask)


def _needs_person(row: Any) -> bool:
    return row.ask_at is None or row.status == "conflicted"


def _select(model: type[Asking], wanted: Q) -> QuerySet[Any]:
    rows = model.objects.filter(wanted, status__in=STATES)
    return rows.select_related("payment__merchant")


def _take(wanted: Q, place: keyset.Place) -> keyset.Page[Any]:
    pages = [
        keyset.take(_select(model, wanted), place, by="created_at", descending=False, turns=False)
        for model in MODELS
    ]
    page = keyset.merge(pages, place, by="created_at")
    is_over = place.is_before and not page.rows
    return _take(wanted, keyset.Place()) if is_over else page


def _begin(whose: Q, place: keyset.Place) -> keyset.Page[Any]:
    """What needs a person, then what does not; the next page goes on with the latter."""
    order = Case(When(NEEDS_PERSON, then=0), default=1)
    found: list[Any] = []
    for model in MODELS:
        rows = _select(model, whose).order_by(order, "created_at", "pk")
        found += rows[: keyset.SIZE + 1]
    found.sort(key=lambda row: (not _needs_person(row), row.created_at, row.pk))
    shown, after = found[: keyset.SIZE], None
    if len(found) > len(shown):
        last = shown[-1]
        after = BEGINNING if _needs_person(last) else keyset.Cursor(last.created_at, last.pk)
    return keyset.Page(shown, None, after, is_lost=place.is_lost)

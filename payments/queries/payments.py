"""One payment, and what belongs to it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit import reads
from audit.errors import Kind, Refusal
from audit.together import together
from payments.models import (
    Asking,
    Attempt,
    Capture,
    Correction,
    Increment,
    LateAuthorization,
    Payment,
    Refund,
    RefundReason,
)

Keys: TypeAlias = Sequence[uuid.UUID] | QuerySet[Any, Any]
"""Of payments, or a SELECT that finds them."""


def get_payment(payment_id: uuid.UUID) -> Payment:
    """A payment with its merchant and customer; a refusal when there is none. One SELECT."""
    return _only(Payment.objects.filter(pk=payment_id).select_related("merchant", "customer")[:1])


def _only(payments: Iterable[Payment]) -> Payment:
    for payment in payments:
        return payment
    raise Refusal("payment_missing", _("There is no such payment."), Kind.MISSING)


def get_attempt(attempt_id: uuid.UUID) -> Attempt:
    """An attempt with its payment and card."""
    return Attempt.objects.select_related("payment", "card", "account").get(pk=attempt_id)


def get_increment(increment_id: uuid.UUID) -> Increment:
    """An increment with its attempt."""
    return Increment.objects.select_related("attempt__account").get(pk=increment_id)


def get_capture(capture_id: uuid.UUID) -> Capture:
    """A capture with its attempt."""
    return Capture.objects.select_related("attempt__account").get(pk=capture_id)


def get_refund(refund_id: uuid.UUID) -> Refund:
    """A refund with its attempt."""
    return Refund.objects.select_related("attempt__account").get(pk=refund_id)


@dataclass(frozen=True, slots=True)
class Story:
    """All rows of one payment, oldest first."""

    payment: Payment
    attempts: list[Attempt]
    captures: list[Capture]
    refunds: list[Refund]
    increments: list[Increment]
    corrections: list[Correction] = field(default_factory=list)
    late: list[LateAuthorization] = field(default_factory=list)

    @property
    def last_attempt(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None


def get_story(payment_id: uuid.UUID) -> Story:
    """A payment with all that belongs to it. One SELECT. Raises a Refusal (missing)."""
    return make_story(together(*select_story([payment_id])))


def select_story(payments: Keys) -> list[QuerySet[Any, Any]]:
    """The SELECTs that `make_story` wants, to be read together with whatever else a page needs."""
    attempts = Attempt.objects.filter(payment_id__in=payments).select_related("card")
    refunds = Refund.objects.filter(payment_id__in=payments).select_related(
        "reason", "requested_by"
    )
    increments = Increment.objects.filter(payment_id__in=payments).select_related("requested_by")
    corrections = Correction.objects.filter(payment_id__in=payments).select_related("reason")
    late = LateAuthorization.objects.filter(payment_id__in=payments).select_related(
        "attempt", "payment"
    )
    return [
        Payment.objects.filter(pk__in=payments).select_related("merchant", "customer"),
        attempts.order_by("number"),
        Capture.objects.filter(payment_id__in=payments).order_by("created_at", "pk"),
        refunds.order_by("created_at", "pk"),
        increments.order_by("created_at", "pk"),
        corrections.order_by("created_at", "pk"),
        late.order_by("created_at", "pk"),
    ]


STORY = 7
"""So many lists make a story."""


def make_story(read: Sequence[list[Any]]) -> Story:
    """The story of what `select_story` found. Raises a Refusal (missing)."""
    payments, *rows = read
    attempts, captures, refunds, increments, corrections, late = rows
    return Story(_only(payments), attempts, captures, refunds, increments, corrections, late)


MOST_TOLD = 1000
"""Attempts, captures and increments of one payment that are told at once."""


def get_brief_story(payment_id: uuid.UUID) -> Story:
    """A payment with its attempts, increments and captures, and without anything beside them.

    For who asks often: two SELECTs that are compiled once and asked for in one wait, and one for
    the increments where there are any. A payment that was not tried yet takes one more.
    """
    of_payment = {"payment_id": payment_id}
    attempts, captures = reads.find_all(
        reads.Wanted(Attempt, of_payment, ("payment", "card"), "number", MOST_TOLD),
        reads.Wanted(Capture, of_payment, order_by="created_at", limit=MOST_TOLD),
    )
    payment = attempts[0].payment if attempts else get_payment(payment_id)
    return Story(payment, attempts, captures, [], _increments_of(payment), [])


def _increments_of(payment: Payment) -> list[Increment]:
    if not payment.increment_count:
        return []
    rows = Increment.objects.filter(payment_id=payment.pk).select_related("requested_by")
    return list(rows.order_by("created_at", "pk"))


def list_stories(payments: Sequence[Payment]) -> list[Story]:
    """The stories of these payments in their order, without merchant, customer, people and
    corrections. One SELECT; none for no payments."""
    ids = [payment.pk for payment in payments]
    read: list[list[Any]] = together(
        Attempt.objects.filter(payment_id__in=ids).select_related("card").order_by("number"),
        Capture.objects.filter(payment_id__in=ids).order_by("created_at", "pk"),
        Refund.objects.filter(payment_id__in=ids).order_by("created_at", "pk"),
        Increment.objects.filter(payment_id__in=ids).order_by("created_at", "pk"),
    )
    attempts, captures, refunds, increments = map(_by_payment, read)
    return [
        Story(one, attempts[one.pk], captures[one.pk], refunds[one.pk], increments[one.pk])
        for one in payments
    ]


def _by_payment(rows: Iterable[Any]) -> dict[uuid.UUID, list[Any]]:
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.payment_id].append(row)
    return found


def list_payments() -> QuerySet[Payment]:
    """All payments with merchant and customer, newest first; the caller filters and pages."""
    return Payment.objects.select_related("merchant", "customer").order_by("-created_at", "-pk")


def list_reasons(act: str) -> QuerySet[RefundReason]:
    """The reasons offered for one kind of act, in the administrators' order."""
    return RefundReason.objects.filter(is_active=True, act=act).order_by("position", "code")


def list_chosen_reasons(codes: Collection[str]) -> QuerySet[RefundReason]:
    """Reasons by their codes, those that are no longer offered too."""
    return RefundReason.objects.filter(pk__in=codes).order_by("pk")


def list_refund_reasons() -> QuerySet[RefundReason]:
    """The reasons offered for a refund, in the administrators' order."""
    return list_reasons(RefundReason.Act.REFUND)


def find_capture(connector: str, reference: str) -> Capture | None:
    """Whose capture the provider calls by this reference."""
    rows = Capture.objects.filter(connector=connector, provider_reference=reference)
    rows = rows.select_related("attempt__account")
    return rows.order_by("pk").first()


def find_refund(connector: str, reference: str) -> Refund | None:
    """Whose refund the provider calls by this reference."""
    rows = Refund.objects.filter(connector=connector, provider_reference=reference)
    rows = rows.select_related("attempt__account")
    return rows.order_by("pk").first()


def is_known_elsewhere(row: Asking, reference: str) -> bool:
    """Whether another row of the same sort has this reference at the same provider.

    A void of an attempt or of a capture has no row of its own, and no reference that we keep.
    """
    if not reference or row.status in VOIDS:
        return False
    others = type(row).objects.filter(connector=row.connector, provider_reference=reference)
    return others.exclude(pk=row.pk).exists()


VOIDS = (Attempt.Status.VOIDING, Attempt.Status.VOID_UNKNOWN)

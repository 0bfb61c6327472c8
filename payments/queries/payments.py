"""One payment, and what belongs to it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal
from payments.models import Asking, Attempt, Capture, Increment, Payment, Refund, RefundReason


def get_payment(payment_id: uuid.UUID) -> Payment:
    """A payment with its merchant and customer; a refusal when there is none. One SELECT."""
    payment = Payment.objects.filter(pk=payment_id).select_related("merchant", "customer").first()
    if payment is None:
        raise Refusal("payment_missing", _("There is no such payment."), Kind.MISSING)
    return payment


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

    @property
    def last_attempt(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None


def get_story(payment_id: uuid.UUID) -> Story:
    """A payment with its attempts, increments, captures and refunds.

    Four SELECTs, and one for the increments where there are any.
    """
    payment = get_payment(payment_id)
    return Story(
        payment=payment,
        attempts=list(
            Attempt.objects.filter(payment_id=payment_id).select_related("card").order_by("number")
        ),
        captures=list(Capture.objects.filter(payment_id=payment_id).order_by("created_at", "pk")),
        refunds=list(
            Refund.objects.filter(payment_id=payment_id)
            .select_related("reason", "requested_by")
            .order_by("created_at", "pk")
        ),
        increments=_increments_of(payment),
    )


def _increments_of(payment: Payment) -> list[Increment]:
    if not payment.increment_count:
        return []
    rows = Increment.objects.filter(payment_id=payment.pk).select_related("requested_by")
    return list(rows.order_by("created_at", "pk"))


def list_stories(payments: Sequence[Payment]) -> list[Story]:
    """The stories of these payments in their order, without merchant, customer and people.

    Three SELECTs, and one for each payment with increments; none for no payments.
    """
    if not payments:
        return []
    ids = [payment.pk for payment in payments]
    attempts: dict[uuid.UUID, list[Attempt]] = defaultdict(list)
    captures: dict[uuid.UUID, list[Capture]] = defaultdict(list)
    refunds: dict[uuid.UUID, list[Refund]] = defaultdict(list)
    rows = Attempt.objects.filter(payment_id__in=ids).select_related("card").order_by("number")
    for attempt in rows:
        attempts[attempt.payment_id].append(attempt)
    for capture in Capture.objects.filter(payment_id__in=ids).order_by("created_at", "pk"):
        captures[capture.payment_id].append(capture)
    for refund in Refund.objects.filter(payment_id__in=ids).order_by("created_at", "pk"):
        refunds[refund.payment_id].append(refund)
    increments = {one.pk: _increments_of(one) for one in payments if one.increment_count}
    return [
        Story(
            one,
            attempts[one.pk],
            captures[one.pk],
            refunds[one.pk],
            increments.get(one.pk, []),
        )
        for one in payments
    ]


def list_payments() -> QuerySet[Payment]:
    """All payments with merchant and customer, newest first; the caller filters and pages."""
    return Payment.objects.select_related("merchant", "customer").order_by("-created_at", "-pk")


def list_reasons(act: str) -> QuerySet[RefundReason]:
    """The reasons offered for one kind of act, in the administrators' order."""
    return RefundReason.objects.filter(is_active=True, act=act).order_by("position", "code")


def list_refund_reasons() -> QuerySet[RefundReason]:
    """The reasons offered for a refund, in the administrators' order."""
    return list_reasons(RefundReason.Act.REFUND)


def find_attempt(connector: str, reference: str) -> Attempt | None:
    """Whose authorization the provider calls by this reference."""
    rows = Attempt.objects.filter(connector=connector, provider_reference=reference)
    rows = rows.select_related("account")
    return rows.order_by("pk").first()


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

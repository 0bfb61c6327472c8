"""What a refund would do, told before it is done. Pure: reads a `RefundPage`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.timezone import localtime

from audit.actor import Actor
from payments.ledger.chart import AccountCode, TransferCode
from payments.ledger.money import Money
from payments.models import Payment
from payments.policy import Decision, refund_decision
from payments.queries.arrival import add_working_days, days_of
from payments.queries.pages import RefundPage

IN_THE_BOOKS = (
    (
        TransferCode.REFUND_REQUESTED,
        AccountCode.MERCHANT_PAYABLE,
        AccountCode.REFUNDS_IN_FLIGHT,
    ),
    (
        TransferCode.REFUND_SENT,
        AccountCode.REFUNDS_IN_FLIGHT,
        AccountCode.PROVIDER_CLEARING,
    ),
)
"""What a refund books, with its debit and its credit (`payments.steps`)."""


@dataclass(frozen=True, slots=True)
class Booking:
    """One movement to come: the amount leaves `debited` and goes to `credited`."""

    words: Any
    debited: Any
    credited: Any


@dataclass(frozen=True, slots=True)
class Preview:
    """Every consequence of one refund. With a `decision` that says no, only that counts."""

    amount: Money
    decision: Decision
    first: date
    last: date
    bookings: Sequence[Booking]
    merchant_now: Money
    merchant_after: Money
    left: Money
    status_after: Any

    @property
    def merchant_would_owe(self) -> Money | None:
        """What the merchant would owe us, when more goes back than he is owed."""
        return abs(self.merchant_after) if self.merchant_after.is_negative else None


def preview_refund(page: RefundPage, actor: Actor, amount: Money, now: datetime) -> Preview:
    """What a refund of `amount` would do if it were sent now, and whether it may be. No queries."""
    payment = page.payment
    limit = page.limit.minor if page.limit else None
    fewest, most = days_of(page.attempt)
    today = localtime(now).date()
    return Preview(
        amount=amount,
        decision=refund_decision(actor, payment, amount, limit),
        first=add_working_days(today, fewest),
        last=add_working_days(today, most),
        bookings=[
            Booking(code.label, debited.label, credited.label)
            for code, debited, credited in IN_THE_BOOKS
        ],
        merchant_now=page.merchant_balance,
        merchant_after=page.merchant_balance - amount,
        left=payment.refundable - amount,
        status_after=_status_after(payment, amount).label,
    )


def _status_after(payment: Payment, amount: Money) -> Payment.Status:
    """The payment's status once this and every refund on its way is sent."""
    back = payment.refunded_minor + payment.refund_pending_minor + amount.minor
    if back >= payment.captured_minor:
        return Payment.Status.REFUNDED
    return Payment.Status.PARTIALLY_REFUNDED

"""Payments, what hangs on them, and what waits for somebody."""

from __future__ import annotations

import uuid
from datetime import timedelta

from audit.approvals.models import Approval
from config.access.models import User
from payments.models import Attempt, Payment, Refund, reference_of
from tests.browser.many.rows import NOW, Maker, ago, like, named

STATES = list(Payment.Status)


def payments(one: Payment) -> Maker:
    """Of the same customer, in all states."""

    def status(number: int) -> str:
        return STATES[number % len(STATES)]

    def held(number: int) -> int:
        return 0 if status(number) in ("failed", "processing", "unknown") else 1_000 + number

    return like(
        one,
        id=lambda number: named("payment", number),
        reference=lambda number: reference_of("P", named("payment", number)),
        order_reference=lambda number: f"ORD-{number}",
        amount_minor=lambda number: 1_000 + number,
        status=status,
        created_at=lambda number: ago(5 * number),
        authorized_minor=held,
        captured_minor=lambda number: 0 if status(number) == "authorized" else held(number),
        refund_pending_minor=lambda number: 0,
    )


def holds() -> Maker:
    """Authorizations that end one after the other."""
    make = like(
        Attempt.objects.get(payment__order_reference="HELD-1"),
        payment_id=lambda number: named("payment", number),
        expires_at=lambda number: NOW + timedelta(minutes=30 + number),
    )
    return lambda number: make(number) if STATES[number % len(STATES)] == "authorized" else None


def refunds() -> Maker:
    """Refunds that nobody knows the end of, one of each payment."""
    return like(
        Refund.objects.get(payment__order_reference="LOST"),
        payment_id=lambda number: named("payment", number),
        reference=lambda number: f"R-LOST{number:08d}",
        created_at=ago,
    )


def requests(by: User) -> Maker:
    """What somebody asked a second person for."""

    def make(number: int) -> Approval:
        return Approval(
            kind="refund",
            subject_id=uuid.uuid4(),
            subject_reference=f"R-{number:012d}",
            amount_minor=100 + number,
            currency="EUR",
            reason="A parcel that never came",
            requested_by=by,
            requested_at=ago(number),
            expires_at=NOW + timedelta(days=3),
        )

    return make

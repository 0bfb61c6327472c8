"""Refunds that wait for a second person."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group
from django.utils import translation

from audit.actor import acting_as, operator
from audit.approvals.models import Approval, ApprovalLimit
from config.access.models import User
from payments.commands.refunds import refund_payment
from payments.ledger.money import Money
from payments.models import Payment
from tests.audit.people import as_actor, hire
from tests.payments.builders import captured_payment, make_reason, new_key

LEAD_LIMIT = 50_000
Ask = Callable[..., Approval]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def agent(db: None) -> User:
    return hire("Agathe Morel", "support_agent")


@pytest.fixture
def lead(db: None) -> User:
    """May decide up to 500.00 EUR."""
    person = hire("Lena Brandt", "support_lead")
    with acting_as(operator("test")):
        ApprovalLimit.objects.update_or_create(
            role=Group.objects.get(name="support_lead"),
            kind="refund",
            currency="EUR",
            defaults={"max_minor": LEAD_LIMIT},
        )
    return person


@pytest.fixture
def payment(db: None) -> Payment:
    """1,000.00 EUR, captured."""
    with acting_as(operator("test")):
        make_reason()
        return captured_payment(Money(100_000, "EUR"))


@pytest.fixture
def ask(payment: Payment, agent: User) -> Ask:
    """A refund above the agent's limit, waiting: `ask(2_000)` is 20.00 EUR."""

    def make(minor: int = 2_000, *, by: User | None = None, comment: str = "") -> Approval:
        with acting_as(as_actor(by or agent)):
            refund = refund_payment(
                payment_id=payment.pk,
                amount=Money(minor, "EUR"),
                reason="requested_by_customer",
                comment=comment,
                key=new_key(),
            )
        return Approval.objects.get(subject_id=refund.pk)

    return make

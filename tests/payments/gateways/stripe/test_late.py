"""What Stripe holds for an attempt that it seemed never to have heard of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from audit import clock
from payments.gateways.commands import receive_event
from payments.gateways.models import InboundEvent
from payments.models import Attempt, LateAuthorization, Payment
from payments.proofs import payments_off
from payments.tasks.resolve import resolve_unknown
from tests.payments.gateways.stripe.house import FakeStripe
from tests.payments.gateways.stripe.test_payments import open_account, pay
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


@pytest.fixture
def failed(stripe_house: FakeStripe, settings: Settings) -> Payment:
    """Its answer was lost, and Stripe's search lagged behind for more than a day."""
    open_account(stripe_house, settings)
    stripe_house.search_lags = True
    stripe_house.arm("authorize", "500_after")
    payment = pay()
    assert payment.status == "unknown"
    with clock.at(clock.now() + timedelta(hours=24)):
        resolve_unknown()
    payment.refresh_from_db()
    assert payment.status == "failed"
    return payment


def tell(kind: str, intent: dict[str, Any]) -> InboundEvent:
    with clock.at(clock.now() - timedelta(minutes=1)):
        event_id = receive_event(
            connector="stripe",
            event_id=f"evt_{kind}",
            type=kind,
            object_kind="authorization",
            object_reference=intent["id"],
            authorization_reference=intent["id"],
            body="{}",
            occurred_at=clock.now(),
            account_id=Attempt.objects.get().account_id,
        )
    deliver()
    return InboundEvent.objects.get(pk=event_id)


def test_what_is_held_late_is_let_go(stripe_house: FakeStripe, failed: Payment) -> None:
    (intent,) = stripe_house.intents.values()
    for kind in ("payment_intent.amount_capturable_updated", "payment_intent.canceled"):
        assert tell(kind, intent).status == "processed"
    late = LateAuthorization.objects.get(payment=failed)
    assert (late.status, intent["status"]) == ("voided", "canceled")
    assert stripe_house.count("voided") == 1
    failed.refresh_from_db()
    assert failed.status == "failed"


def test_what_was_taken_late_goes_back(stripe_house: FakeStripe, failed: Payment) -> None:
    (intent,) = stripe_house.intents.values()
    received = {"amount_received": 10_000, "amount_capturable": 0, "status": "succeeded"}
    intent.update(received)
    assert tell("payment_intent.succeeded", intent).status == "processed"
    late = LateAuthorization.objects.get(payment=failed)
    assert (late.status, late.taken_minor) == ("taken", 10_000)
    with clock.at(clock.now() + timedelta(hours=25)):
        resolve_unknown()
        deliver()
    late.refresh_from_db()
    assert (late.status, late.taken_minor) == ("given_back", 0)
    assert [one["amount"] for one in stripe_house.refunds.values()] == [10_000]
    assert list(payments_off()) == []

"""What an event of a provider's costs: one look for what it speaks of, also where money may have
turned up late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from payments.commands.captures import capture_payment
from payments.commands.refunds import refund_payment
from payments.commands.voids import void_payment
from payments.gateways.commands import receive_event
from payments.gateways.models import InboundEvent
from payments.models import Attempt, Payment
from tests.payments.builders import eur, make_reason, new_key, new_payment
from tests.payments.gateways.sandbox.running import Sandbox
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


@pytest.fixture
def provider(running: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    settings.SANDBOX_URL = running.url
    yield running
    running.client.delete("/control/faults")


def held(_payment: Payment) -> None:
    """Nothing is done after the money is held."""


def captured(payment: Payment) -> None:
    capture_payment(payment_id=payment.pk, amount=eur(5_000), key=new_key())
    deliver()


def refunded(payment: Payment) -> None:
    captured(payment)
    make_reason()
    refund_payment(
        payment_id=payment.pk, amount=eur(700), reason="requested_by_customer", key=new_key()
    )
    deliver()


def voided(payment: Payment) -> None:
    void_payment(payment_id=payment.pk, key=new_key())
    deliver()


TOLD: dict[str, Callable[[Payment], None]] = {
    "authorization.authorized": held,
    "capture.succeeded": captured,
    "refund.succeeded": refunded,
    "authorization.voided": voided,
}


@pytest.mark.parametrize("what", TOLD)
def test_event_looks_once_for_what_it_speaks_of(provider: Sandbox, what: str) -> None:
    payment = new_payment(eur(10_000))
    deliver()
    TOLD[what](payment)
    told = last_of(provider, payment, what)
    event_id = receive(told)
    with CaptureQueriesContext(connection) as asked:
        deliver()
    assert InboundEvent.objects.get(pk=event_id).status == "processed"
    assert len([one for one in asked.captured_queries if looks_for(one["sql"], told)]) == 1


def last_of(provider: Sandbox, payment: Payment, what: str) -> dict[str, Any]:
    hold = Attempt.objects.get(payment=payment).provider_reference
    found = [one for one in provider.get("/v1/events", limit=1000)["data"] if hold in str(one)]
    return next(one for one in reversed(found) if one["type"] == what)


def receive(told: dict[str, Any]) -> Any:
    data = told["data"]
    return receive_event(
        connector="sandbox",
        event_id=told["id"],
        type=told["type"],
        object_kind=data["object"],
        object_reference=data["id"],
        authorization_reference=data.get("authorization", data["id"]),
        body="{}",
        occurred_at=datetime.fromisoformat(told["created"]),
    )


def looks_for(sql: str, told: dict[str, Any]) -> bool:
    """Whether a statement asks for a row by the name that the provider gave to it."""
    names = (told["data"]["id"], told["data"].get("authorization", ""))
    by_name = '"provider_reference" = ' in sql and any(name and name in sql for name in names)
    return by_name and sql.lstrip("( ").startswith(("SELECT", "WITH"))

"""What a provider tells of another amount than is on our books: put aside, and never followed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import translation
from pytest_django import Settings

from audit import clock
from payments.commands.captures import capture_payment
from payments.commands.increments import increment_authorization
from payments.commands.refunds import refund_payment
from payments.commands.voids import record_void_lost, void_payment
from payments.gateways.commands import receive_event, replay_event
from payments.gateways.models import InboundEvent
from payments.ledger.models import Entry
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Increment, Payment, Refund
from payments.proofs import payments_off
from payments.queries.payments import get_attempt
from payments.tasks.asking import gateway_of
from payments.tasks.send import void_operation_key
from tests.payments.builders import (
    answer_attempt,
    eur,
    make_card,
    make_customer,
    make_merchant,
    make_reason,
    new_key,
    new_payment,
)
from tests.payments.gateways.sandbox.running import Sandbox
from tests.payments.gateways.stripe.house import FakeStripe
from tests.payments.gateways.stripe.provider import running_stripe
from tests.payments.gateways.stripe.test_payments import open_account, pay
from tests.payments.pages import agent_browser, words_of
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class House:
    """A provider that can be made to speak of one unit more, until it is `right` again."""

    connector: str
    pay: Callable[[], Payment]
    wrong: Callable[[], object]
    right: Callable[[], object]
    types: dict[type[Any], str]
    voided: str


def sandbox_house(provider: Sandbox) -> House:
    fault = {"operation": "retrieve", "fault": "wrong_amount", "times": 9}
    return House(
        "sandbox",
        pay_at_sandbox,
        lambda: provider.control("faults", fault),
        lambda: provider.client.delete("/control/faults"),
        {
            Attempt: "authorization.authorized",
            Capture: "capture.succeeded",
            Refund: "refund.succeeded",
        },
        "authorization.voided",
    )


def pay_at_sandbox() -> Payment:
    merchant = make_merchant()
    customer = make_customer(merchant)
    card = make_card(merchant, customer)
    payment = new_payment(merchant=merchant, customer=customer, card=card)
    deliver()
    payment.refresh_from_db()
    return payment


def stripe_house(fake: FakeStripe) -> House:
    def change(by: int) -> None:
        for thing in (*fake.intents.values(), *fake.refunds.values()):
            thing["amount"] += by

    return House(
        "stripe",
        pay,
        lambda: change(1),
        lambda: change(-1),
        # A capture has no object of its own at Stripe, and no event.
        {Attempt: "payment_intent.amount_capturable_updated", Refund: "refund.updated"},
        "payment_intent.canceled",
    )


@pytest.fixture(params=["sandbox", "stripe"])
def house(request: pytest.FixtureRequest, settings: Settings) -> Iterator[House]:
    if request.param == "sandbox":
        provider: Sandbox = request.getfixturevalue("running")
        settings.SANDBOX_URL = provider.url
        yield sandbox_house(provider)
        provider.client.delete("/control/faults")
        return
    with running_stripe() as fake:
        open_account(fake, settings)
        yield stripe_house(fake)


def captured_and_refunded(payment: Payment) -> None:
    make_reason()
    capture_payment(payment_id=payment.pk, amount=eur(800), key=new_key())
    deliver()
    refund_payment(
        payment_id=payment.pk, amount=eur(300), reason="requested_by_customer", key=new_key()
    )
    deliver()


def tell(house: House, row: Any, kind: str) -> InboundEvent:
    words = {Attempt: "authorization", Capture: "capture", Refund: "refund"}
    hold = row if isinstance(row, Attempt) else row.attempt
    event_id = receive_event(
        connector=house.connector,
        event_id=f"evt_amount_{next(NUMBERS)}",
        type=kind,
        object_kind=words[type(row)],
        object_reference=row.provider_reference,
        authorization_reference=hold.provider_reference,
        body="{}",
        occurred_at=clock.now(),
    )
    deliver()
    return InboundEvent.objects.get(pk=event_id)


def state_of(payment: Payment) -> Any:
    payment.refresh_from_db()
    rows = [
        list(model._default_manager.filter(payment=payment).values_list("status", "amount_minor"))
        for model in (Attempt, Increment, Capture, Refund)
    ]
    return payment.status, payment.version, rows, Entry.objects.count()


@pytest.mark.parametrize("model", [Attempt, Capture, Refund])
def test_event_about_another_amount_than_was_booked_is_put_aside_until_both_agree(
    house: House, model: type[Any]
) -> None:
    payment = house.pay()
    captured_and_refunded(payment)
    if model not in house.types:
        assert house.connector == "stripe"
        return
    row = model._default_manager.get(payment=payment)
    before = state_of(payment)
    house.wrong()
    event = tell(house, row, house.types[model])
    assert event.status == "quarantined"
    assert event.note in ("refused: amount_differs", "the answer does not fit")
    assert state_of(payment) == before
    assert list(payments_off()) == []
    with translation.override("en"):
        page = agent_browser("Constance Roy", "finance_controller").get(
            f"/provider-events/{event.pk}/"
        )
        assert "Nothing was changed" in words_of(page)
    house.right()
    replay_event(event_id=event.pk)
    deliver()
    event.refresh_from_db()
    assert event.status == "processed"
    assert state_of(payment) == before


def test_granted_increases_are_part_of_what_the_provider_speaks_of(house: House) -> None:
    payment = house.pay()
    increment_authorization(payment_id=payment.pk, amount=eur(500), key=new_key())
    deliver()
    attempt = Attempt.objects.get(payment=payment)
    assert attempt.approved_minor == attempt.amount_minor + 500
    assert tell(house, attempt, house.types[Attempt]).status == "processed"


ODD: dict[str, dict[str, Any]] = {
    "more than was asked for": {"approved": eur(1_001)},
    "less than nothing": {"approved": Money(-1, "EUR")},
    "another currency": {"approved": Money(1_000, "USD")},
    "another amount": {"amount": eur(999)},
    "another currency of all": {"amount": Money(1_000, "USD")},
}


@pytest.mark.parametrize("what", ODD)
def test_hold_that_does_not_fit_is_never_accepted(what: str) -> None:
    payment = answer_attempt(new_payment(eur(1_000)), **ODD[what])
    assert (payment.status, payment.authorized_minor) == ("conflicted", 0)


def test_void_is_followed_by_its_event_also_where_nothing_is_found_by_a_key_alone(
    house: House,
) -> None:
    attempt = Attempt.objects.get(payment=house.pay())
    void_payment(payment_id=attempt.payment_id, key=new_key())
    record_void_lost(attempt_id=attempt.pk)
    attempt = get_attempt(attempt.pk)
    assert attempt.status == "void_unknown"
    gateway_of(attempt).void(
        key=void_operation_key(attempt),
        authorization_reference=attempt.provider_reference,
        amount=Money(attempt.void_minor, attempt.currency),
    )
    assert tell(house, attempt, house.voided).status == "processed"
    assert get_attempt(attempt.pk).status == "voided"

"""Payments through an account at Stripe, from the command to the ledger and back."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.test import Client
from pytest_django import Settings

from audit import clock
from payments.commands.captures import capture_payment
from payments.commands.refunds import refund_payment
from payments.gateways.commands import create_account, enable_account
from payments.gateways.models import ConnectorAccount, InboundEvent, ProviderCall
from payments.models import Attempt, Capture, Payment, Refund
from payments.parties.commands import add_card
from payments.parties.models import Merchant
from payments.parties.policy import CardDetails
from payments.proofs import payments_off
from payments.tasks.resolve import resolve_unknown
from tests.payments.builders import (
    eur,
    make_customer,
    make_merchant,
    make_reason,
    new_key,
    new_payment,
)
from tests.payments.gateways.stripe.conftest import SECRETS
from tests.payments.gateways.stripe.house import FakeStripe
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


@pytest.fixture
def account(stripe_house: FakeStripe, settings: Settings) -> ConnectorAccount:
    return open_account(stripe_house, settings)


def open_account(stripe_house: FakeStripe, settings: Settings) -> ConnectorAccount:
    """An account whose key Stripe has taken, enabled."""
    settings.STRIPE_URL = stripe_house.url
    settings.PROVIDER_TIMEOUT_S = 5.0
    made = create_account(
        connector="stripe",
        name="House",
        api_key="sk_test_keyofthetests",
        webhook_secret=SECRETS[0],
        key=new_key(),
    )
    deliver()
    return enable_account(account_id=made.pk)


def pay(merchant: Merchant | None = None, card: str = "visa", **given: Any) -> Payment:
    merchant = merchant or make_merchant()
    customer = make_customer(merchant)
    token = add_card(
        merchant_id=merchant.pk,
        customer_id=customer.pk,
        connector="stripe",
        card=CardDetails(
            token=f"pm_card_{card}", brand="visa", last_four="4242", exp_month=12, exp_year=2030
        ),
        key=new_key(),
    )
    payment = new_payment(merchant=merchant, customer=customer, card=token, **given)
    deliver()
    payment.refresh_from_db()
    return payment


def tell(kind: str, thing: dict[str, Any], number: int = 1) -> int:
    body = json.dumps(
        {
            "id": f"evt_{kind}_{number}",
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "data": {"object": thing},
        }
    )
    header = stripe.WebhookSignature.generate_signature_header(body, SECRETS[0], int(time.time()))
    answer = Client().post(
        "/webhooks/stripe/",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": header},
    )
    deliver()
    return answer.status_code


def books_are_right() -> bool:
    return not list(payments_off())


def test_payment_is_held_taken_in_parts_and_refunded_through_its_account(
    account: ConnectorAccount, stripe_house: FakeStripe
) -> None:
    payment = pay()
    attempt = Attempt.objects.get(payment=payment)
    assert (payment.status, attempt.account_id) == ("authorized", account.pk)
    assert attempt.provider_reference.startswith("pi_")
    for minor in (4_000, 6_000):
        capture_payment(payment_id=payment.pk, amount=eur(minor), key=new_key())
        deliver()
    references = {one.provider_reference for one in Capture.objects.filter(payment=payment)}
    assert len(references) == 2
    reason = make_reason()
    refund_payment(payment_id=payment.pk, amount=eur(2_500), reason=reason.pk, key=new_key())
    deliver()
    refund = Refund.objects.get(payment=payment)
    assert (refund.status, len(refund.arn)) == ("succeeded", 23)
    payment.refresh_from_db()
    assert (payment.captured_minor, payment.refunded_minor) == (10_000, 2_500)
    assert (stripe_house.count("captured"), stripe_house.count("refunded")) == (2, 1)
    assert books_are_right()


def test_decline_is_shown_with_its_reason(account: ConnectorAccount) -> None:
    payment = pay(card="declined_insufficient_funds")
    attempt = Attempt.objects.get(payment=payment)
    assert (payment.status, attempt.decline_code) == ("failed", "insufficient_funds")


def test_silence_is_unknown_and_asked_for_until_stripe_tells(
    account: ConnectorAccount, stripe_house: FakeStripe
) -> None:
    stripe_house.arm("authorize", "hung_up_after")
    stripe_house.search_lags = True
    payment = pay()
    assert payment.status == "unknown"
    with clock.at(clock.now() + timedelta(minutes=6)):
        resolve_unknown()
    payment.refresh_from_db()
    assert payment.status == "unknown"
    stripe_house.search_lags = False
    with clock.at(clock.now() + timedelta(minutes=70)):
        resolve_unknown()
    payment.refresh_from_db()
    assert payment.status == "authorized"
    assert stripe_house.count("authorized") == 1


@pytest.mark.parametrize("fault", ["hung_up_after", "no_connection", "500_after", "500_before"])
def test_capture_without_an_answer_is_done_once(
    account: ConnectorAccount, stripe_house: FakeStripe, fault: str
) -> None:
    payment = pay()
    stripe_house.arm("capture", fault)
    capture_payment(payment_id=payment.pk, amount=eur(10_000), key=new_key())
    deliver()
    assert Capture.objects.get(payment=payment).status == "unknown"
    with clock.at(clock.now() + timedelta(minutes=6)):
        resolve_unknown()
    assert Capture.objects.get(payment=payment).status == "succeeded"
    assert stripe_house.count("captured") == 1
    assert books_are_right()


def test_events_in_any_order_and_number_change_nothing_twice(
    account: ConnectorAccount, stripe_house: FakeStripe
) -> None:
    payment = pay(capture_method=Payment.CaptureMethod.AUTOMATIC)
    intent = next(iter(stripe_house.intents.values()))
    reason = make_reason()
    refund_payment(payment_id=payment.pk, amount=eur(1_000), reason=reason.pk, key=new_key())
    deliver()
    refund = next(iter(stripe_house.refunds.values()))
    for number in (1, 2):
        for kind, thing in (
            ("refund.updated", refund),
            ("payment_intent.succeeded", intent),
            ("payment_intent.amount_capturable_updated", intent),
            ("charge.captured", {"object": "charge", "id": "ch_1", "payment_intent": intent["id"]}),
            ("charge.succeeded", {"object": "charge", "id": "ch_1"}),
        ):
            assert tell(kind, thing, number) == 202
    assert set(InboundEvent.objects.values_list("status", flat=True)) == {"processed", "ignored"}
    assert set(InboundEvent.objects.values_list("account_id", flat=True)) == {account.pk}
    payment.refresh_from_db()
    assert (payment.status, payment.refunded_minor) == ("partially_refunded", 1_000)
    assert books_are_right()


def test_refund_that_comes_back_is_told_by_its_event(
    account: ConnectorAccount, stripe_house: FakeStripe
) -> None:
    payment = pay(capture_method=Payment.CaptureMethod.AUTOMATIC)
    reason = make_reason()
    refund_payment(payment_id=payment.pk, amount=eur(1_000), reason=reason.pk, key=new_key())
    deliver()
    refund = next(iter(stripe_house.refunds.values()))
    refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    assert tell("refund.failed", refund) == 202
    assert Refund.objects.get(payment=payment).status == "returned"
    assert books_are_right()


def test_dispute_and_payout_are_kept_until_somebody_makes_use_of_them(
    account: ConnectorAccount,
) -> None:
    dispute = {"object": "dispute", "id": "dp_1", "payment_intent": "pi_1"}
    assert tell("charge.dispute.created", dispute) == 202
    event = InboundEvent.objects.get()
    assert (event.object_kind, event.object_reference) == ("dispute", "dp_1")
    assert (event.authorization_reference, event.status) == ("pi_1", "quarantined")


def test_calls_are_on_record_without_the_card(account: ConnectorAccount) -> None:
    payment = pay()
    call = ProviderCall.objects.get(payment_id=payment.pk)
    assert (call.connector, call.operation, call.outcome) == ("stripe", "authorize", "answered")

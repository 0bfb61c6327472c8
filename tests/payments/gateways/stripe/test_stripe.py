"""What is Stripe's own: its words, its keys, its amounts, its signatures."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from audit import clock
from payments.gateways import declines
from payments.gateways.errors import (
    CredentialsRefused,
    Forged,
    GatewayError,
    Mismatch,
    Rejected,
    Unavailable,
    Unknown,
    UnmappedStatus,
)
from payments.gateways.protocol import AuthorizationStatus, OperationStatus, Sort, Sought
from payments.gateways.stripe import amounts
from payments.gateways.stripe.answers import read_intent, read_refund
from payments.gateways.stripe.client import API_VERSION
from payments.gateways.stripe.declines import CODES
from payments.gateways.stripe.gateway import StripeGateway
from payments.ledger.money import Money, exponent_of
from tests.payments.gateways.conftest import TIMEOUT_S
from tests.payments.gateways.stripe.conftest import SECRETS
from tests.payments.gateways.stripe.house import FakeStripe

pytestmark = pytest.mark.django_db

EUR_10 = Money(1_000, "EUR")


def new_key() -> str:
    return str(uuid.uuid4())


def hold(gateway: StripeGateway, card: str = "visa", **given: Any) -> Any:
    return gateway.authorize(
        **{
            "key": new_key(),
            "amount": EUR_10,
            "card_token": f"pm_card_{card}",
            "reference": "P-1",
            **given,
        }
    )


def test_call_says_what_it_must(stripe_gateway: StripeGateway, stripe_house: FakeStripe) -> None:
    key = new_key()
    hold(stripe_gateway, key=key)
    _method, path, params, headers = stripe_house.calls[0]
    assert path == "/v1/payment_intents"
    assert headers["Idempotency-Key"] == key
    assert headers["Stripe-Version"] == API_VERSION
    assert (params["capture_method"], params["confirm"]) == ("manual", "true")
    assert params["metadata[comptoir_key]"] == key
    assert params["metadata[comptoir_reference]"] == "P-1"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("429", Unavailable),
        ("401_invalid_request_error", CredentialsRefused),
        ("403_more_permissions_required", CredentialsRefused),
        ("409_idempotency_key_in_use", Unknown),
        ("400_idempotency_error", Unknown),
        ("400_parameter_missing", Rejected),
        ("404_resource_missing", Rejected),
        ("402_card_declined", Rejected),
        ("500_before", Unknown),
        ("503_down", Unknown),
        ("301_elsewhere", Unknown),
        ("408_slow", Unknown),
        ("424_behind", Unknown),
        ("no_connection", Unknown),
        ("hung_up_after", Unknown),
    ],
)
def test_answer_means_what_the_table_says(
    stripe_gateway: StripeGateway,
    stripe_house: FakeStripe,
    fault: str,
    expected: type[GatewayError],
) -> None:
    reference = hold(stripe_gateway).reference
    stripe_gateway.capture(key=new_key(), authorization_reference=reference, amount=EUR_10)
    calls: dict[str, Callable[[], object]] = {
        "authorize": lambda: hold(stripe_gateway),
        "refund": lambda: stripe_gateway.refund(
            key=new_key(), authorization_reference=reference, amount=EUR_10
        ),
    }
    for operation, call in calls.items():
        stripe_house.arm(operation, fault)
        with pytest.raises(GatewayError) as caught:
            call()
        assert type(caught.value) is expected


def test_look_before_a_capture_that_is_not_answered_means_that_nothing_happened(
    stripe_gateway: StripeGateway, stripe_house: FakeStripe
) -> None:
    reference = hold(stripe_gateway).reference
    stripe_house.arm("retrieve", "500_before")
    with pytest.raises(Unavailable):
        stripe_gateway.capture(key=new_key(), authorization_reference=reference, amount=EUR_10)
    assert stripe_house.count("captured") == 0


def test_every_code_of_stripes_has_a_name_of_ours() -> None:
    assert set(CODES.values()) <= set(declines.DECLINES)


@pytest.mark.parametrize("raw", ["phase_of_the_moon", "fraudulent", "pickup_card"])
def test_decline_keeps_the_raw_code(stripe_gateway: StripeGateway, raw: str) -> None:
    answer = hold(stripe_gateway, f"declined_{raw}")
    assert answer.raw_decline_code == raw
    assert answer.decline_code == CODES.get(raw, declines.UNKNOWN_CODE)


def test_challenge_leads_to_the_banks_page(stripe_gateway: StripeGateway) -> None:
    answer = hold(stripe_gateway, "3ds")
    assert answer.status is AuthorizationStatus.REQUIRES_ACTION
    assert answer.action_url == "https://hooks.stripe.com/3d_secure"
    assert answer.approved.is_zero


def test_partial_approval_says_how_much_is_held(stripe_gateway: StripeGateway) -> None:
    answer = hold(stripe_gateway, "partial")
    assert answer.status is AuthorizationStatus.PARTIALLY_AUTHORIZED
    assert (answer.amount, answer.approved) == (EUR_10, Money(600, "EUR"))


def test_second_capture_that_the_card_does_not_allow_is_rejected_and_lets_go_of_nothing(
    stripe_gateway: StripeGateway,
) -> None:
    reference = hold(stripe_gateway, "once").reference
    part = Money(400, "EUR")
    with pytest.raises(Rejected):
        stripe_gateway.capture(key=new_key(), authorization_reference=reference, amount=part)
    assert stripe_gateway.retrieve_authorization(reference).capturable == EUR_10
    stripe_gateway.capture(key=new_key(), authorization_reference=reference, amount=EUR_10)


# What never arrived


def test_authorization_that_the_search_does_not_show_yet_is_unknown_and_never_denied(
    stripe_gateway: StripeGateway, stripe_house: FakeStripe
) -> None:
    key = new_key()
    held = hold(stripe_gateway, key=key)
    stripe_house.search_lags = True
    with pytest.raises(Unknown):
        stripe_gateway.find_authorization(key, clock.now())
    stripe_house.search_lags = False
    assert stripe_gateway.find_authorization(key, clock.now()) == held
    assert stripe_house.count("authorized") == 1


def test_key_that_never_arrived_can_never_hold_money_afterwards(
    stripe_gateway: StripeGateway, stripe_house: FakeStripe
) -> None:
    key = new_key()
    for _ in range(2):
        assert stripe_gateway.find_authorization(key, clock.now()) is None
    with pytest.raises(Unknown):
        hold(stripe_gateway, key=key)
    assert stripe_house.count("authorized") == 0
    assert {one["status"] for one in stripe_house.intents.values()} == {"canceled"}


def test_key_that_stripe_may_have_forgotten_is_only_searched_for(
    stripe_gateway: StripeGateway, stripe_house: FakeStripe
) -> None:
    long_ago = clock.now() - timedelta(hours=24)
    assert stripe_gateway.find_authorization(new_key(), long_ago) is None
    assert stripe_house.intents == {}


def test_operation_is_not_looked_for_by_a_key_alone(stripe_gateway: StripeGateway) -> None:
    with pytest.raises(Unknown):
        stripe_gateway.find_operation(new_key())


def test_voided_authorization_has_nothing_left(stripe_gateway: StripeGateway) -> None:
    reference, key = hold(stripe_gateway).reference, new_key()
    answer = stripe_gateway.void(key=key, authorization_reference=reference, amount=EUR_10)
    assert (answer.status, answer.amount) == (OperationStatus.SUCCEEDED, EUR_10)
    assert stripe_gateway.void(key=key, authorization_reference=reference, amount=EUR_10) == answer
    assert stripe_gateway.find_operation(key, Sought(Sort.VOID, reference, EUR_10)) == answer
    now = stripe_gateway.retrieve_authorization(reference)
    assert (now.status, now.capturable) == (AuthorizationStatus.AUTHORIZED, Money(0, "EUR"))


# Amounts


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (1_050, "EUR", 1_050),
        (1_050, "JPY", 1_050),
        (5, "UGX", 500),
        (5, "ISK", 500),
        (10_000, "HUF", 10_000),
        (10_500, "MGA", 105),
        (1_050, "KWD", 1_050),
    ],
)
def test_amount_is_written_as_stripe_wants_it(minor: int, currency: str, written: int) -> None:
    assert amounts.to_stripe(Money(minor, currency)) == written
    assert amounts.from_stripe(written, currency.lower()) == Money(minor, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "code"),
    [
        (1_051, "KWD", "last_decimal_not_zero"),
        (10_550, "MGA", "decimals_not_zero"),
        (1, "IRR", "currency_not_supported"),
    ],
)
def test_amount_that_stripe_cannot_write_is_rejected_before_it_is_sent(
    stripe_gateway: StripeGateway, stripe_house: FakeStripe, minor: int, currency: str, code: str
) -> None:
    with pytest.raises(Rejected) as rejected:
        hold(stripe_gateway, amount=Money(minor, currency))
    assert rejected.value.code == code
    assert stripe_house.calls == []


@given(st.sampled_from(sorted(amounts.CURRENCIES)), st.integers(0, 10**10))
def test_amount_comes_back_as_it_went(currency: str, minor: int) -> None:
    amount = Money(minor, currency)
    try:
        written = amounts.to_stripe(amount)
    except amounts.NotWritable:
        assert currency in amounts.THREE_DECIMAL | {"MGA"}
        return
    assert amounts.from_stripe(written, currency) == amount


def test_every_currency_of_stripes_is_one_of_ours() -> None:
    for code in amounts.CURRENCIES:
        exponent_of(code)


def test_number_that_is_no_amount_of_the_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="decimals_not_zero"):
        amounts.from_stripe(501, "isk")


# Signatures

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "refund.failed",
    "created": 1_795_694_390,
    "data": {"object": {"id": "re_1", "object": "refund", "payment_intent": "pi_1"}},
}


def signed(body: bytes, secret: str = SECRETS[0], late: timedelta = timedelta()) -> dict[str, str]:
    stamp = int((NOW - late).timestamp())
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, stamp)
    return {"Stripe-Signature": header}


def test_event_names_the_object_and_its_payment(stripe_gateway: StripeGateway) -> None:
    body = json.dumps(EVENT).encode()
    for secret in SECRETS:
        event = stripe_gateway.verify_event(signed(body, secret), body, NOW)
        assert (event.id, event.type, event.kind) == ("evt_1", "refund.failed", "refund")
        assert (event.reference, event.authorization_reference) == ("re_1", "pi_1")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (lambda body: {}, "headers_missing"),
        (lambda body: {"Stripe-Signature": "v1=00"}, "headers_missing"),
        (lambda body: {"Stripe-Signature": "t=1,t=2,v1=00"}, "headers_missing"),
        (lambda body: signed(body, late=timedelta(minutes=6)), "too_old"),
        (lambda body: signed(body, late=-timedelta(minutes=6)), "too_new"),
        (lambda body: signed(body, "whsec_another"), "signature_wrong"),
        (lambda body: signed(body + b" "), "signature_wrong"),
    ],
)
def test_forged_event_is_refused(stripe_gateway: StripeGateway, headers: Any, reason: str) -> None:
    body = json.dumps(EVENT).encode()
    with pytest.raises(Forged) as forged:
        stripe_gateway.verify_event(headers(body), body, NOW)
    assert forged.value.reason == reason


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"id": "re_1"}', b"nonsense", b"\xff\xfe"])
def test_genuine_nonsense_is_refused_and_never_a_crash(
    stripe_gateway: StripeGateway, body: bytes
) -> None:
    stamp = int(NOW.timestamp())
    header = {"Stripe-Signature": f"t={stamp},v1=00"}
    if body.isascii():
        header = signed(body)
    with pytest.raises(Forged):
        stripe_gateway.verify_event(header, body, NOW)


# Answers without sense

INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "requires_capture",
    "amount": 1_000,
    "amount_capturable": 1_000,
    "amount_received": 0,
    "currency": "eur",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "levitating"}, UnmappedStatus),
        ({"status": None}, UnmappedStatus),
        ({"object": "charge"}, Mismatch),
        ({"amount": "1000"}, Unknown),
        ({"amount": 1_000.0}, Unknown),
        ({"amount": -1}, Unknown),
        ({"currency": "xxx"}, Unknown),
        ({"currency": None}, Unknown),
        ({"id": ""}, Unknown),
        ({"amount_capturable": None}, Unknown),
    ],
)
def test_answer_without_sense_is_unknown(
    changes: dict[str, object], expected: type[GatewayError]
) -> None:
    assert read_intent(INTENT).approved == EUR_10
    with pytest.raises(expected) as caught:
        read_intent({**INTENT, **changes})
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("raw", "status"),
    [("pending", "pending"), ("requires_action", "pending"), ("failed", "failed")],
)
def test_refund_that_is_not_paid_out_is_told_apart(raw: str, status: str) -> None:
    refund = {"id": "re_1", "object": "refund", "amount": 1, "currency": "eur", "status": raw}
    assert read_refund(refund).status == status
    with pytest.raises(UnmappedStatus):
        read_refund({**refund, "status": "levitating"})


@pytest.mark.skipif(not os.environ.get("STRIPE_TEST_KEY"), reason="STRIPE_TEST_KEY is not set")
def test_real_stripe_in_test_mode_does_what_the_server_of_the_tests_does(
    settings: Settings,
) -> None:
    gateway = StripeGateway(
        os.environ["STRIPE_TEST_KEY"], base_url=settings.STRIPE_URL, timeout_s=TIMEOUT_S
    )
    assert gateway.identify().is_live is False
    key = new_key()
    held = hold(gateway, key=key)
    assert held.status is AuthorizationStatus.AUTHORIZED
    part = Money(400, "EUR")
    capture_key, refund_key = new_key(), new_key()
    gateway.capture(
        key=capture_key, authorization_reference=held.reference, amount=part, is_final=True
    )
    sought = Sought(Sort.CAPTURE, held.reference, part)
    found = gateway.find_operation(capture_key, sought)
    assert found is not None
    assert found.amount == part
    gateway.refund(key=refund_key, authorization_reference=held.reference, amount=part)
    refunded = gateway.find_operation(refund_key, Sought(Sort.REFUND, held.reference, part))
    assert refunded is not None
    assert gateway.find_authorization(new_key(), clock.now()) is None
    assert hold(gateway, "visa_chargeDeclined").status is AuthorizationStatus.DECLINED

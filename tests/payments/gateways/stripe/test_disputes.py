"""Disputes and payouts of Stripe's, as they are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from payments.gateways.errors import GatewayError, Mismatch, Rejected, Unknown
from payments.gateways.stripe.disputes import read_dispute, read_page, read_payout
from payments.gateways.stripe.gateway import StripeGateway
from payments.ledger.money import Money
from tests.payments.gateways.stripe.house import FakeStripe

pytestmark = pytest.mark.django_db

DISPUTE: dict[str, Any] = {
    "id": "du_1",
    "object": "dispute",
    "amount": 1_234,
    "currency": "eur",
    "payment_intent": "pi_1",
    "status": "needs_response",
    "reason": "product_not_received",
    "created": 1_795_694_390,
    "is_charge_refundable": False,
    "evidence_details": {"due_by": 1_796_299_190, "has_evidence": False, "submission_count": 0},
    "payment_method_details": {
        "type": "card",
        "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "13.1"},
    },
}
PAYOUT: dict[str, Any] = {
    "id": "po_1",
    "object": "payout",
    "amount": 120_000,
    "currency": "huf",
    "status": "paid",
    "automatic": True,
    "arrival_date": 1_795_737_600,
    "trace_id": {"status": "supported", "value": "021000021234567"},
    "failure_code": None,
}


@pytest.fixture(autouse=True)
def _known(stripe_house: FakeStripe) -> None:
    stripe_house.others = {"du_1": DISPUTE, "po_1": PAYOUT}


def test_dispute_is_told_in_the_providers_own_words(stripe_gateway: StripeGateway) -> None:
    dispute = stripe_gateway.retrieve_dispute("du_1")
    assert (dispute.reference, dispute.authorization_reference) == ("du_1", "pi_1")
    assert dispute.amount == Money(1_234, "EUR")
    assert (dispute.status, dispute.reason) == ("needs_response", "product_not_received")
    assert (dispute.network_code, dispute.case_type) == ("13.1", "chargeback")
    assert dispute.due_at == datetime(2026, 12, 3, 11, 59, 50, tzinfo=UTC)
    assert stripe_gateway.list_disputes().rows == [dispute]
    with pytest.raises(Rejected):
        stripe_gateway.retrieve_dispute("du_of_nobody")


def test_status_that_nobody_has_seen_is_kept_and_no_crash() -> None:
    assert read_dispute({**DISPUTE, "status": "prevented"}).status == "prevented"
    assert read_dispute({**DISPUTE, "evidence_details": {"due_by": 0}}).due_at is None


def test_payout_names_the_banks_reference(stripe_gateway: StripeGateway) -> None:
    payout = stripe_gateway.retrieve_payout("po_1")
    assert (payout.amount, payout.trace) == (Money(120_000, "HUF"), "021000021234567")
    assert (payout.status, payout.is_automatic) == ("paid", True)
    assert stripe_gateway.list_payouts().rows == [payout]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"object": "refund"}, Mismatch),
        ({"amount": -5}, Unknown),
        ({"amount": "5"}, Unknown),
        ({"currency": "xxx"}, Unknown),
        ({"id": ""}, Unknown),
    ],
)
def test_answer_without_sense_is_unknown(
    changes: dict[str, Any], expected: type[GatewayError]
) -> None:
    with pytest.raises(expected):
        read_payout({**PAYOUT, **changes})
    with pytest.raises(expected):
        read_dispute({**DISPUTE, **changes})


def test_list_leads_to_its_next_page() -> None:
    whole = {"object": "list", "data": [PAYOUT], "has_more": True}
    assert read_page(whole, read_payout).after == "po_1"
    assert read_page({**whole, "has_more": False}, read_payout).after == ""
    with pytest.raises(Unknown):
        read_page({"object": "list", "data": None}, read_payout)

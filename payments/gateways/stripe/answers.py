"""Stripe's objects, read with suspicion.

A capture and an increment have no object of their own at Stripe: what each did is written in the
metadata of its PaymentIntent, by the call itself, so that it is there exactly when it was done.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from payments.gateways.errors import Mismatch, Unknown, UnmappedStatus
from payments.gateways.protocol import (
    AuthorizationAnswer,
    AuthorizationStatus,
    CardFacts,
    OperationAnswer,
    OperationStatus,
)
from payments.gateways.stripe.amounts import from_stripe
from payments.gateways.stripe.declines import normalise
from payments.gateways.suspicion import Body, object_of, reference_of, text_of, whole_of
from payments.ledger.money import Money

KEY = "comptoir_key"
REFERENCE = "comptoir_reference"
MARK = {"capture": "c_", "increment": "i_"}
HELD = ("requires_capture", "succeeded", "canceled")
STATUS = {
    "requires_capture": AuthorizationStatus.AUTHORIZED,
    "succeeded": AuthorizationStatus.AUTHORIZED,
    "requires_action": AuthorizationStatus.REQUIRES_ACTION,
    "requires_source_action": AuthorizationStatus.REQUIRES_ACTION,
    "processing": AuthorizationStatus.PENDING,
    "requires_confirmation": AuthorizationStatus.PENDING,
    "requires_payment_method": AuthorizationStatus.DECLINED,
    "canceled": AuthorizationStatus.DECLINED,
}
REFUND_STATUS = {
    "pending": OperationStatus.PENDING,
    "requires_action": OperationStatus.PENDING,
    "succeeded": OperationStatus.SUCCEEDED,
    "failed": OperationStatus.FAILED,
    "canceled": OperationStatus.FAILED,
}
NETWORKS = {"amex": "american_express", "diners": "diners_club"}


def check_object(body: Body, kind: str) -> None:
    """Raises Mismatch when the answer is about something else."""
    if body.get("object") != kind:
        raise Mismatch("object", kind, text_of(body, "object"))


def money_of(body: Body, name: str) -> Money:
    """An amount of an object's. Raises Unknown."""
    try:
        return from_stripe(whole_of(body, name), text_of(body, "currency", 3))
    except (ValueError, TypeError) as error:
        raise Unknown(f"the answer's {name} makes no sense") from error


def read_intent(body: Body) -> AuthorizationAnswer:
    """A PaymentIntent as an authorization. Raises Unknown, UnmappedStatus.

    One that was cancelled after it held money is an authorization with nothing left to capture.
    """
    check_object(body, "payment_intent")
    charge = part_of(body, "latest_charge")
    card = part_of(part_of(charge, "payment_method_details"), "card")
    status = _status_of(body, charge)
    amount = money_of(body, "amount")
    approved = _approved(status, body, card, amount)
    if status is AuthorizationStatus.AUTHORIZED and approved < amount:
        status = AuthorizationStatus.PARTIALLY_AUTHORIZED
    error = part_of(body, "last_payment_error")
    raw_decline = text_of(error, "decline_code") or text_of(error, "code")
    is_declined = status is AuthorizationStatus.DECLINED
    raw_decline = (raw_decline or text_of(body, "cancellation_reason")) if is_declined else ""
    checks = part_of(card, "checks")
    return AuthorizationAnswer(
        status=status,
        reference=reference_of(body, "id"),
        amount=amount,
        approved=approved,
        raw_status=text_of(body, "status"),
        decline_code=normalise(raw_decline) if is_declined else "",
        raw_decline_code=raw_decline,
        network_response_code=text_of(part_of(charge, "outcome"), "network_decline_code", 20),
        network=_network(card),
        network_transaction_id=text_of(card, "network_transaction_id"),
        avs=text_of(checks, "address_postal_code_check", 20),
        cvv=text_of(checks, "cvc_check", 20),
        three_ds=_three_ds(card),
        action_url=_action_url(body),
        expires_at=unix_of(card, "capture_before"),
        capturable=money_of(body, "amount_capturable"),
        taken=_taken(body, charge),
        key=text_of(part_of(body, "metadata"), KEY, 120),
    )


def _taken(body: Body, charge: Body) -> Money:
    """What was captured and not refunded. Raises Unknown."""
    given = {
        "amount_refunded": charge.get("amount_refunded") or 0,
        "currency": body.get("currency"),
    }
    return money_of(body, "amount_received") - money_of(given, "amount_refunded")


def _status_of(body: Body, charge: Body) -> AuthorizationStatus:
    raw = text_of(body, "status")
    if raw not in STATUS:
        raise UnmappedStatus("authorization", raw)
    if raw == "canceled" and text_of(charge, "status") in ("succeeded", "pending"):
        return AuthorizationStatus.AUTHORIZED
    if raw == "requires_payment_method" and not body.get("last_payment_error"):
        return AuthorizationStatus.PENDING
    return STATUS[raw]


def _approved(status: AuthorizationStatus, body: Body, card: Body, amount: Money) -> Money:
    if status is not AuthorizationStatus.AUTHORIZED:
        return Money(0, amount.currency)
    if "amount_authorized" not in card or card["amount_authorized"] is None:
        return amount
    held = money_of({**card, "currency": body.get("currency")}, "amount_authorized")
    return min(held, amount)


def read_refund(body: Body) -> OperationAnswer:
    """Raises Unknown, UnmappedStatus."""
    check_object(body, "refund")
    raw = text_of(body, "status")
    if raw not in REFUND_STATUS:
        raise UnmappedStatus("refund", raw)
    card = part_of(part_of(body, "destination_details"), "card")
    return OperationAnswer(
        status=REFUND_STATUS[raw],
        reference=reference_of(body, "id"),
        amount=money_of(body, "amount"),
        raw_status=raw,
        failure_code=text_of(body, "failure_reason", 40),
        arn=text_of(card, "reference", 40),
    )


def read_card(body: Body) -> CardFacts:
    """A PaymentMethod. Raises Unknown."""
    check_object(body, "payment_method")
    card = object_of(body, "card")
    month, year = whole_of(card, "exp_month"), whole_of(card, "exp_year")
    if not (1 <= month <= 12 and 2000 <= year <= 2100):
        raise Unknown("the card's expiry makes no sense")
    brand = text_of(card, "brand", 20)
    return CardFacts(
        token=reference_of(body, "id"),
        brand=NETWORKS.get(brand, brand),
        bin=text_of(card, "iin", 8),
        last4=text_of(card, "last4", 4),
        exp_month=month,
        exp_year=year,
        fingerprint=text_of(card, "fingerprint"),
        funding=text_of(card, "funding", 20),
        country=text_of(card, "country", 2),
    )


def mark_of(kind: str, key: str) -> str:
    """Under what a capture or an increment is written in its PaymentIntent's metadata."""
    return (MARK[kind] + key.replace("-", ""))[:40]


def find_mark(intent: Body, kind: str, key: str) -> OperationAnswer | None:
    """What a capture or an increment with this key did to a PaymentIntent; None: nothing."""
    return _marked(intent, mark_of(kind, key))


def read_marked(intent: Body, reference: str) -> OperationAnswer | None:
    """The same by the reference that `name_mark` gave it."""
    return _marked(intent, reference.partition(":")[2])


def name_mark(intent: str, mark: str) -> str:
    """The reference of what has no object of its own: that of its PaymentIntent, and its mark."""
    return f"{intent}:{mark}"


def _marked(intent: Body, mark: str) -> OperationAnswer | None:
    raw = text_of(part_of(intent, "metadata"), mark)
    if not raw:
        return None
    if not raw.isascii() or not raw.isdigit():
        raise Unknown("what was written beside the payment makes no sense")
    amount = money_of({"amount": int(raw), "currency": intent.get("currency")}, "amount")
    return OperationAnswer(
        status=OperationStatus.SUCCEEDED,
        reference=name_mark(reference_of(intent, "id"), mark),
        amount=amount,
        raw_status=text_of(intent, "status"),
    )


def unix_of(body: Body, name: str) -> datetime | None:
    """An instant from seconds since 1970, None where there is none."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)


def _network(card: Body) -> str:
    name = text_of(card, "network", 20) or text_of(card, "brand", 20)
    return NETWORKS.get(name, name)


def _three_ds(card: Body) -> str:
    """`challenge:authenticated`: how the cardholder was asked, and what came of it."""
    found = part_of(card, "three_d_secure")
    if not found:
        return ""
    return f"{text_of(found, 'authentication_flow', 14)}:{text_of(found, 'result', 14)}"


def _action_url(body: Body) -> str:
    redirect = part_of(part_of(body, "next_action"), "redirect_to_url")
    return text_of(redirect, "url", 500)


def part_of(body: Any, name: str) -> Body:
    """A part that is an object, {} where there is none."""
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, dict) else {}

"""The provider's objects, read with suspicion: what makes no sense is `Unknown`, never a crash."""

from __future__ import annotations

from typing import TypeVar

from payments.gateways import declines
from payments.gateways.errors import Mismatch, Unknown, UnmappedStatus
from payments.gateways.protocol import (
    AuthorizationAnswer,
    AuthorizationStatus,
    CardFacts,
    OperationAnswer,
    OperationStatus,
    Total,
)
from payments.gateways.suspicion import (
    Body,
    instant_of,
    make_money,
    object_of,
    reference_of,
    text_of,
    whole_of,
)
from payments.ledger.money import Money

HOLDING = (AuthorizationStatus.AUTHORIZED, AuthorizationStatus.PARTIALLY_AUTHORIZED)

S = TypeVar("S", AuthorizationStatus, OperationStatus)


def read_authorization(body: Body) -> AuthorizationAnswer:
    """Raises Unknown, Mismatch when the amounts do not fit the status, UnmappedStatus."""
    check(body, "object", "authorization")
    status = _status(AuthorizationStatus, body)
    amount = _money(body, "amount")
    approved = _money(body, "approved_amount")
    _check_approved(status, amount, approved)
    raw_decline = text_of(body, "decline_code")
    three_ds = body.get("three_ds")
    return AuthorizationAnswer(
        status=status,
        reference=reference_of(body, "id"),
        amount=amount,
        approved=approved,
        raw_status=text_of(body, "raw_status") or text_of(body, "status"),
        decline_code=declines.normalise(raw_decline)
        if status is AuthorizationStatus.DECLINED
        else "",
        raw_decline_code=raw_decline,
        network_response_code=text_of(body, "network_response_code", 20),
        network=text_of(body, "network", 20),
        network_transaction_id=text_of(body, "network_transaction_id"),
        avs=text_of(body, "avs_result", 20),
        cvv=text_of(body, "cvv_result", 20),
        three_ds=_three_ds(three_ds),
        action_url=text_of(three_ds, "challenge_url", 500) if isinstance(three_ds, dict) else "",
        expires_at=instant_of(body, "expires_at"),
        capturable=_money(body, "capturable_amount") if "capturable_amount" in body else None,
        taken=_money(body, "refundable_amount") if "refundable_amount" in body else None,
        key=text_of(body, "key", 120),
    )


def read_operation(body: Body, *kinds: str) -> OperationAnswer:
    """An increment, a capture, a void or a refund. Raises Unknown, UnmappedStatus."""
    if body.get("object") not in kinds:
        raise Mismatch("object", " or ".join(kinds), text_of(body, "object"))
    return OperationAnswer(
        status=_status(OperationStatus, body),
        reference=reference_of(body, "id"),
        amount=_money(body, "amount"),
        raw_status=text_of(body, "raw_status") or text_of(body, "status"),
        failure_code=text_of(body, "failure_reason", 40),
        arn=text_of(body, "arn", 40),
        settles_at=instant_of(body, "settles_at"),
    )


def read_card(body: Body) -> CardFacts:
    """Raises Unknown."""
    check(body, "object", "card")
    month, year = whole_of(body, "exp_month"), whole_of(body, "exp_year")
    if not (1 <= month <= 12 and 2000 <= year <= 2100):
        raise Unknown("the card's expiry makes no sense")
    return CardFacts(
        token=reference_of(body, "token"),
        brand=text_of(body, "brand", 20),
        bin=text_of(body, "bin", 8),
        last4=text_of(body, "last4", 4),
        exp_month=month,
        exp_year=year,
        fingerprint=text_of(body, "fingerprint"),
        funding=text_of(body, "funding", 20),
        country=text_of(body, "country", 2),
    )


def read_totals(body: Body) -> tuple[Total, ...]:
    """Raises Unknown."""
    totals = []
    by_currency = object_of(body, "totals")
    for currency in by_currency:
        kinds = object_of(by_currency, currency)
        for kind in kinds:
            total = object_of(kinds, kind)
            amount = make_money(whole_of(total, "amount"), currency)
            totals.append(Total(kind, whole_of(total, "count"), amount))
    return tuple(totals)


def check(body: Body, name: str, expected: object) -> None:
    """Raises Mismatch when the answer is about something else."""
    if body.get(name) != expected:
        raise Mismatch(name, expected, text_of(body, name))


def is_known_status(kind: str, raw: str) -> bool:
    """Whether we have a word for a status of this kind of object."""
    words = AuthorizationStatus if kind == "authorization" else OperationStatus
    return raw in {one.value for one in words}


def _status(kind: type[S], body: Body) -> S:
    raw = text_of(body, "status")
    try:
        return kind(raw)
    except ValueError:
        raise UnmappedStatus(text_of(body, "object", 40), raw) from None


def _check_approved(status: AuthorizationStatus, amount: Money, approved: Money) -> None:
    if status is AuthorizationStatus.AUTHORIZED:
        fits = approved.minor == amount.minor
    elif status is AuthorizationStatus.PARTIALLY_AUTHORIZED:
        fits = 0 < approved.minor < amount.minor
    else:
        fits = approved.minor == 0
    if not fits:
        raise Mismatch("approved_amount", amount, approved)


def _three_ds(value: object) -> str:
    """`challenge:Y`: how the cardholder was asked, and the network's letter for the result."""
    if not isinstance(value, dict):
        return ""
    return f"{text_of(value, 'flow', 20)}:{text_of(value, 'result', 8)}"


def _money(body: Body, name: str) -> Money:
    return make_money(whole_of(body, name), body.get("currency"))

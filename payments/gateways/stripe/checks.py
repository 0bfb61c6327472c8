"""Stripe's answers, held against what was asked for."""

from __future__ import annotations

from payments.gateways.errors import Mismatch, Rejected, Unknown
from payments.gateways.protocol import OperationAnswer, OperationStatus, Sort
from payments.gateways.queries import find_meaning
from payments.gateways.stripe.amounts import NotWritable, to_stripe
from payments.gateways.stripe.answers import (
    KEY,
    REFUND_STATUS,
    STATUS,
    find_mark,
    money_of,
    part_of,
)
from payments.gateways.stripe.client import CONNECTOR
from payments.gateways.suspicion import Body, reference_of, text_of
from payments.ledger.money import Money


def written(amount: Money) -> int:
    """The amount as Stripe writes it. Raises Rejected for one that it cannot."""
    try:
        return to_stripe(amount)
    except NotWritable as cannot:
        raise Rejected(str(cannot), "") from cannot


def translated(body: Body) -> Body:
    """An object whose status somebody has mapped, with one of Stripe's that means the same."""
    kind, raw = text_of(body, "object", 40), text_of(body, "status")
    known = REFUND_STATUS if kind == "refund" else STATUS
    if raw in known:
        return body
    word = "refund" if kind == "refund" else "authorization"
    meaning = find_meaning(CONNECTOR, word, raw)
    for theirs, ours in known.items():
        if meaning == ours:
            return {**body, "status": theirs}
    return body


def marked(body: Body, sort: Sort, key: str, amount: Money) -> OperationAnswer:
    """What a call wrote beside its PaymentIntent. Raises Mismatch."""
    answer = find_mark(body, sort, key)
    if answer is None:
        raise Mismatch("metadata", "a mark of the call", "none")
    check_amount(amount, answer.amount)
    return answer


def let_go(intent: Body, amount: Money | None) -> OperationAnswer:
    """What a cancelled PaymentIntent let go of."""
    if text_of(intent, "status") != "canceled":
        raise Mismatch("status", "canceled", text_of(intent, "status"))
    held = money_of(intent, "amount") - money_of(intent, "amount_received")
    if amount is not None:
        check_amount(amount, held)
    return OperationAnswer(
        status=OperationStatus.SUCCEEDED,
        reference=f"{reference_of(intent, 'id')}:v",
        amount=held,
        raw_status="canceled",
    )


def rows_of(found: Body) -> list[Body]:
    """The objects of a list. Raises Unknown."""
    rows = found.get("data")
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise Unknown("the answer is no list")
    return rows


def check_mark(body: Body, key: str) -> None:
    """Raises Mismatch for a PaymentIntent that another key made."""
    if part_of(body, "metadata").get(KEY) != key:
        raise Mismatch("metadata", key, "another")


def check_id(body: Body, reference: str) -> None:
    """Raises Mismatch for another object than was asked for."""
    if body.get("id") != reference:
        raise Mismatch("id", reference, text_of(body, "id"))


def check_amount(asked: Money, answered: Money) -> None:
    """Raises Mismatch for another amount or currency."""
    if (asked.minor, asked.currency) != (answered.minor, answered.currency):
        raise Mismatch("amount", asked, answered)

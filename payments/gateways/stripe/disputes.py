"""Disputes and payouts as Stripe tells them, for whoever makes use of them.

Statuses, reasons and dates are the provider's own, untouched: what they mean for us is not decided
here. `due_at` None: no answer is possible, or none is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from payments.gateways.errors import Unknown
from payments.gateways.stripe.answers import check_object, money_of, part_of, unix_of
from payments.gateways.suspicion import Body, reference_of, text_of, whole_of
from payments.ledger.money import Money

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """A dispute at the provider. `network_code` is the network's own reason."""

    reference: str
    authorization_reference: str
    amount: Money
    status: str
    reason: str
    network_code: str
    case_type: str
    due_at: datetime | None
    opened_at: datetime | None
    is_refundable: bool


@dataclass(frozen=True, slots=True)
class PayoutFacts:
    """Money on its way from the provider to a bank account. `trace` is the bank's reference."""

    reference: str
    amount: Money
    status: str
    is_automatic: bool
    arrives_at: datetime | None
    trace: str
    failure_code: str


@dataclass(frozen=True, slots=True)
class Page(Generic[Read]):
    """Some of them, newest first; `after` leads to the next page, "" where there is none."""

    rows: list[Read]
    after: str


def read_dispute(body: Body) -> DisputeFacts:
    """Raises Unknown, Mismatch."""
    check_object(body, "dispute")
    card = part_of(part_of(body, "payment_method_details"), "card")
    return DisputeFacts(
        reference=reference_of(body, "id"),
        authorization_reference=text_of(body, "payment_intent"),
        amount=money_of(body, "amount"),
        status=text_of(body, "status"),
        reason=text_of(body, "reason"),
        network_code=text_of(card, "network_reason_code", 20),
        case_type=text_of(card, "case_type", 20),
        due_at=unix_of(part_of(body, "evidence_details"), "due_by"),
        opened_at=unix_of(body, "created"),
        is_refundable=body.get("is_charge_refundable") is True,
    )


def read_payout(body: Body) -> PayoutFacts:
    """One in HUF or TWD is in whole units, written with two decimals. Raises Unknown, Mismatch."""
    check_object(body, "payout")
    return PayoutFacts(
        reference=reference_of(body, "id"),
        amount=money_of({**body, "amount": _not_negative(body)}, "amount"),
        status=text_of(body, "status"),
        is_automatic=body.get("automatic") is True,
        arrives_at=unix_of(body, "arrival_date"),
        trace=text_of(part_of(body, "trace_id"), "value"),
        failure_code=text_of(body, "failure_code", 40),
    )


def _not_negative(body: Body) -> int:
    """Stripe takes money back from a bank account with a payout below zero."""
    value = body.get("amount")
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        raise Unknown("a payout below zero is not read yet")
    return whole_of(body, "amount")


def read_page(body: Body, read: Callable[[Body], Read]) -> Page[Read]:
    """A list of Stripe's. Raises Unknown, Mismatch."""
    check_object(body, "list")
    rows = body.get("data")
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise Unknown("the answer is no list")
    after = reference_of(rows[-1], "id") if rows and body.get("has_more") is True else ""
    return Page([read(one) for one in rows], after)

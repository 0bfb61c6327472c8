"""What would become of several payments, before anything is done."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from audit.actor import Actor
from audit.approvals.models import Kind as ApprovalKind
from audit.approvals.queries import limits_of
from payments.ledger.money import Money
from payments.models import Attempt, Payment
from payments.policy import YES, Decision, capture_decision, refund_decision, void_decision
from payments.queries.payments import list_payments

MOST = 100
"""Payments in one go: never more than a person can look through."""


class Act(StrEnum):
    """What can be done to several payments at once."""

    REFUND = "refund"
    CAPTURE = "capture"
    VOID = "void"
    TAG = "tag"

    @property
    def permission(self) -> str:
        """That of the single act."""
        return "notes.add_note" if self is Act.TAG else f"payments.{self.value}_payment"

    @property
    def job_kind(self) -> str:
        return f"payments.bulk_{self.value}"


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen to one payment, or why nothing would."""

    payment: Payment
    amount: Money
    decision: Decision


@dataclass(frozen=True, slots=True)
class Plan:
    """A dry run. `totals` are of what would be done, by currency."""

    act: Act
    rows: list[Planned]

    @property
    def going(self) -> list[Planned]:
        return [row for row in self.rows if row.decision.allowed]

    @property
    def waiting(self) -> int:
        """How many of them would wait for a second person."""
        return sum(row.decision.needs_second_person for row in self.going)

    @property
    def totals(self) -> list[Money]:
        if self.act is Act.TAG:
            return []
        sums: dict[str, int] = {}
        for row in self.going:
            sums[row.amount.currency] = sums.get(row.amount.currency, 0) + row.amount.minor
        return [Money(minor, currency) for currency, minor in sorted(sums.items())]


def plan(actor: Actor, act: Act, ids: Sequence[uuid.UUID], now: datetime) -> Plan:
    """What `act` would do to these payments now, all of it that is left. Three SELECTs at most."""
    found = {one.pk: one for one in list_payments().filter(pk__in=list(ids)[:MOST])}
    payments = [found[pk] for pk in dict.fromkeys(ids) if pk in found]
    if act is Act.REFUND:
        limits = limits_of(actor, ApprovalKind.REFUND)
        return Plan(act, [_refund(actor, one, limits.get(one.currency)) for one in payments])
    if act is Act.TAG:
        return Plan(act, [Planned(one, one.amount, YES) for one in payments])
    attempts = _last_attempts(payments)
    decide = _capture if act is Act.CAPTURE else _void
    return Plan(act, [decide(actor, one, attempts.get(one.pk), now) for one in payments])


def _refund(actor: Actor, payment: Payment, limit: int | None) -> Planned:
    amount = payment.refundable
    return Planned(payment, amount, refund_decision(actor, payment, amount, limit))


def _capture(actor: Actor, payment: Payment, attempt: Attempt | None, now: datetime) -> Planned:
    amount = payment.capturable
    return Planned(payment, amount, capture_decision(actor, payment, attempt, amount, now))


def _void(actor: Actor, payment: Payment, attempt: Attempt | None, now: datetime) -> Planned:
    return Planned(payment, payment.capturable, void_decision(actor, payment, attempt))


def _last_attempts(payments: Sequence[Payment]) -> dict[uuid.UUID, Attempt]:
    rows = Attempt.objects.filter(payment_id__in=[one.pk for one in payments])
    return {one.payment_id: one for one in rows.order_by("payment_id", "number")}

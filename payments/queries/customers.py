"""A customer's payments and refunds. `ids` are all the keys that the customer goes by."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Sum

from payments.ledger.money import Money
from payments.models import Payment, Refund
from payments.queries.payments import list_payments

MOST_PAYMENTS = 10
MOST_REFUNDS = 10
MOST_SUMMED = 5_000
"""Totals are of so many of the latest payments; who has more is told so."""
MOST_SEARCHED = 1_000
"""Refunds are looked for among so many of the latest payments."""


@dataclass(frozen=True, slots=True)
class Total:
    """What a customer paid in a currency, what went back, and what is left."""

    count: int
    captured: Money
    refunded: Money

    @property
    def net(self) -> Money:
        return self.captured - self.refunded


@dataclass(frozen=True, slots=True)
class Totals:
    """By currency. `is_cut`: only the latest payments are counted."""

    rows: Sequence[Total]
    is_cut: bool


def list_payments_of(ids: Sequence[uuid.UUID]) -> list[Payment]:
    """The latest payments and one more, to tell that there are others. One SELECT:
    `payments_customer_time`."""
    return list(list_payments().filter(customer_id__in=ids)[: MOST_PAYMENTS + 1])


def list_refunds_of(ids: Sequence[uuid.UUID]) -> list[Refund]:
    """The latest refunds of the latest payments, and one more, each with its payment and reason.
    One SELECT."""
    payments = _latest(ids, MOST_SEARCHED)
    rows = Refund.objects.filter(payment_id__in=payments).select_related("payment", "reason")
    return list(rows.order_by("-created_at", "-pk")[: MOST_REFUNDS + 1])


def sum_totals_of(ids: Sequence[uuid.UUID]) -> Totals:
    """What was captured and refunded in each currency, of the latest 5,000 payments. One SELECT."""
    rows = (
        Payment.objects.filter(pk__in=_latest(ids, MOST_SUMMED))
        .order_by("currency")
        .values("currency")
        .annotate(count=Count("pk"), captured=Sum("captured_minor"), refunded=Sum("refunded_minor"))
    )
    totals = [
        Total(
            row["count"],
            Money(int(row["captured"]), row["currency"]),
            Money(int(row["refunded"]), row["currency"]),
        )
        for row in rows
    ]
    return Totals(totals, is_cut=sum(one.count for one in totals) >= MOST_SUMMED)


def _latest(ids: Sequence[uuid.UUID], most: int) -> QuerySet[Payment, Any]:
    rows = Payment.objects.filter(customer_id__in=ids)
    return rows.order_by("-created_at", "-pk").values("pk")[:most]

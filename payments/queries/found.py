"""Payments for the search box: each question by its own index, newest first, a few rows only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from django.db.models import Model, QuerySet

from audit.modes import of_mode
from payments.models import Attempt, Capture, Payment, Refund
from payments.queries.payments import list_payments

M = TypeVar("M", bound=Model)
Rows: TypeAlias = "QuerySet[Any, tuple[Any, ...]]"

ATTEMPTS_EACH = 3
"""Attempts fetched for each payment wanted: one payment may have several with one card."""


def list_newest(payment_ids: Iterable[uuid.UUID], limit: int) -> list[Payment]:
    """These payments with merchant and customer, newest first. One SELECT, none without ids."""
    ids = set(payment_ids)
    return list(list_payments().filter(pk__in=ids)[:limit]) if ids else []


def find_by_reference(reference: str, limit: int) -> list[Payment]:
    """The payment of this reference (`P-…`). One SELECT: `payments_reference`."""
    return list(list_payments().filter(reference=reference)[:limit])


def find_by_refund(reference: str, limit: int) -> list[Payment]:
    """The payment of this refund (`R-…`). Two SELECTs: `payments_refund_reference`."""
    rows = Refund.objects.filter(reference=reference).values_list("payment_id", flat=True)
    return list_newest(rows[:limit], limit)


def find_by_provider(reference: str, limit: int) -> list[Payment]:
    """The payments of whatever a provider or a bank calls so, ARN too. Two SELECTs.

    An attempt, a capture and a refund have an index each on `provider_reference`; a refund has
    `payments_refund_arn`.
    """
    arms = [
        *(
            model.objects.filter(provider_reference=reference).values_list("payment_id")
            for model in (Attempt, Capture, Refund)
        ),
        Refund.objects.filter(arn=reference).values_list("payment_id"),
    ]
    return list_newest(_union(arms, limit), limit)


def find_by_id(pk: uuid.UUID, limit: int) -> list[Payment]:
    """The payment with this id, or the one of the attempt, capture or refund. Two SELECTs."""
    arms = [
        Payment.objects.filter(pk=pk).values_list("pk"),
        *(
            model.objects.filter(pk=pk).values_list("payment_id")
            for model in (Attempt, Capture, Refund)
        ),
    ]
    return list_newest(_union(arms, limit), limit)


def find_by_order(texts: Sequence[str], limit: int) -> list[Payment]:
    """The newest payments of an order, in any of these spellings. Two SELECTs:
    `payments_order_time`."""
    arms = [_newest_of(Payment.objects.filter(order_reference=text), limit) for text in texts]
    return list_newest(_union(arms, limit * len(arms)), limit)


def find_by_amount(
    amounts: Sequence[tuple[int, str]], limit: int, *, is_live: bool
) -> list[Payment]:
    """The newest payments of a mode and of any of these amounts (minor units, currency). Two
    SELECTs: `payments_amount_currency`."""
    of_a_mode = Payment.objects.filter(of_mode(is_live))
    arms = [
        _newest_of(of_a_mode.filter(amount_minor=minor, currency=currency), limit)
        for minor, currency in amounts
    ]
    return list_newest(_union(arms, limit * len(arms)), limit)


def find_by_card(last_four: str, limit: int, *, is_live: bool) -> list[Payment]:
    """The newest payments of a mode with a card that ends so. Two SELECTs:
    `payments_attempt_card_time`."""
    return _of_attempts([Attempt.objects.filter(of_mode(is_live), last_four=last_four)], limit)


def find_by_card_and_amount(
    last_four: str, amounts: Sequence[tuple[int, str]], limit: int, *, is_live: bool
) -> list[Payment]:
    """The same, of any of these amounts (minor units, currency). Two SELECTs:
    `payments_attempt_card_amount`."""
    arms = [
        Attempt.objects.filter(
            of_mode(is_live), last_four=last_four, amount_minor=minor, currency=currency
        )
        for minor, currency in amounts
    ]
    return _of_attempts(arms, limit)


def find_by_card_and_time(
    last_four: str, spans: Sequence[tuple[datetime, datetime]], limit: int, *, is_live: bool
) -> list[Payment]:
    """The same, tried in any of these half-open spans. Two SELECTs:
    `payments_attempt_card_time`."""
    arms = [
        Attempt.objects.filter(
            of_mode(is_live), last_four=last_four, created_at__gte=since, created_at__lt=until
        )
        for since, until in spans
    ]
    return _of_attempts(arms, limit)


def _of_attempts(arms: Sequence[QuerySet[Attempt]], limit: int) -> list[Payment]:
    most = limit * ATTEMPTS_EACH
    newest = [_newest_of(arm, most, "payment_id") for arm in arms]
    return list_newest(_union(newest, most * len(arms)), limit)


def _newest_of(rows: QuerySet[M], limit: int, column: str = "pk") -> Rows:
    """The newest of these. The LIMIT stands in a subquery of its own: SQLite takes none in the
    arms of a UNION, and without it an arm would read all that fits."""
    newest = rows.order_by("-created_at", "-pk").values("pk")[:limit]
    found: Rows = rows.model._default_manager.filter(pk__in=newest).values_list(column)
    return found


def _union(arms: Sequence[Rows], limit: int) -> set[uuid.UUID]:
    if not arms:
        return set()
    first, *others = [arm.order_by() for arm in arms]
    rows = first.union(*others, all=True) if others else first
    return {pk for (pk,) in rows[:limit]}

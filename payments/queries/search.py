"""Finding payments: what the filters of the list ask for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db.models import Exists, OuterRef, Q, QuerySet
from iso4217 import Currency

from audit.modes import of_mode
from payments.models import Attempt, Capture, Increment, Payment, Refund
from payments.parties.models import CardReference
from payments.parties.queries import find_ids_by_reference
from payments.queries.payments import list_payments

FINEST = 4
"""Decimals of the finest currency of ISO 4217; amounts without a currency are counted in these."""
MOST_FOUND = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, of live payments or of tests. Nothing else given: all of them.

    `amount_from`, `amount_until` are inclusive, in ten-thousandths of whatever the currency is;
    `created_from`, `created_until` are half-open.
    """

    is_live: bool
    statuses: Sequence[str] = ()
    merchant_id: uuid.UUID | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    amount_from: int | None = None
    amount_until: int | None = None
    reference: str = ""
    currency: str = ""
    last_four: str = ""
    customer: str = ""
    capture_method: str = ""
    connector: str = ""
    decline_code: str = ""


def list_wanted(wanted: Wanted) -> QuerySet[Payment]:
    """Payments that fit, newest first, merchant and customer with them; the caller pages.

    One SELECT, and another before it for each reference.
    """
    rows = list_payments().filter(of_mode(wanted.is_live))
    if wanted.statuses:
        rows = rows.filter(status__in=wanted.statuses)
    if wanted.merchant_id:
        rows = rows.filter(merchant_id=wanted.merchant_id)
    if wanted.created_from:
        rows = rows.filter(created_at__gte=wanted.created_from)
    if wanted.created_until:
        rows = rows.filter(created_at__lt=wanted.created_until)
    if wanted.amount_from is not None or wanted.amount_until is not None:
        rows = rows.filter(_amount_between(wanted.amount_from, wanted.amount_until))
    if wanted.reference:
        rows = rows.filter(_named(wanted.reference))
    plain = {
        "currency": wanted.currency,
        "capture_method": wanted.capture_method,
    }
    rows = rows.filter(**{name: value for name, value in plain.items() if value})
    if wanted.customer:
        rows = rows.filter(customer_id__in=find_ids_by_reference(wanted.customer))
    return _tried_with(rows, wanted)


def _tried_with(rows: QuerySet[Payment], wanted: Wanted) -> QuerySet[Payment]:
    """Payments of which one attempt fits all that is asked of attempts."""
    plain = {"connector": wanted.connector, "decline_code": wanted.decline_code}
    given = {name: value for name, value in plain.items() if value}
    if wanted.last_four:
        # Few cards share four digits: begin at them, not at the payments.
        cards = CardReference.objects.filter(last_four=wanted.last_four)
        tried = Attempt.objects.filter(card__in=cards.order_by().values("pk"), **given)
        return rows.filter(pk__in=tried.order_by().values("payment_id"))
    if given:
        return rows.filter(Exists(Attempt.objects.filter(payment=OuterRef("pk"), **given)))
    return rows


def _amount_between(low: int | None, high: int | None) -> Q:
    """12.34 is 1234 of a euro and 12340 of a dinar: one range for each number of decimals."""
    fits = Q(pk__in=[])
    for exponent, currencies in _currencies_by_exponent().items():
        unit = 10 ** (FINEST - exponent)
        bounds = Q(currency__in=currencies)
        if low is not None:
            bounds &= Q(amount_minor__gte=-(-low // unit))
        if high is not None:
            bounds &= Q(amount_minor__lte=high // unit)
        fits |= bounds
    return fits


@cache
def _currencies_by_exponent() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for currency in Currency:
        if currency.exponent is not None:
            found.setdefault(currency.exponent, []).append(currency.code)
    return found


def _named(text: str) -> Q:
    reference = text.upper()
    if reference.startswith("C-"):
        return Q(customer_id__in=find_ids_by_reference(reference))
    return Q(pk__in=find_ids(text))


def find_ids(text: str) -> list[uuid.UUID]:
    """The payments that somebody calls by this name, at most 500. One SELECT, eight index reads.

    Ours (P-…, R-… in any case, the id), the order's, and the provider's for any of its rows.
    """
    reference = text.upper()
    whose = [
        Payment.objects.filter(reference=reference).values_list("pk"),
        Payment.objects.filter(order_reference=text).values_list("pk"),
        Refund.objects.filter(reference=reference).values_list("payment_id"),
        *(
            model.objects.filter(provider_reference=text).values_list("payment_id")
            for model in (Attempt, Increment, Capture, Refund)
        ),
    ]
    if (pk := _read_id(text)) is not None:
        whose.append(Payment.objects.filter(pk=pk).values_list("pk"))
    first, *others = [rows.order_by() for rows in whose]
    return sorted({pk for (pk,) in first.union(*others, all=True)[:MOST_FOUND]})


def _read_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None

"""What a term may be to the search box: a payment's references, its amount, its card."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, TypeVar

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.errors import Refusal
from audit.search import Hit, SearchKind, add_kinds, plain
from payments.ledger.money import Money, exponent_of
from payments.models import Payment
from payments.parties.queries import list_currencies
from payments.queries import found

VIEW = "payments.view_payment"
SPELLINGS = ("en", "fr")
FINEST = 4
"""Decimals of the finest currency: an amount that names none is read in these."""
FINE_CURRENCY = "CLF"
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)

_OURS = re.compile(r"([PR])[- ]?([0-9A-F]{12})")
_PROVIDERS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{5,79}")
_CARD = r"[•*·xX. ]*([0-9]{4})"
_CARD_FIRST = re.compile(rf"{_CARD}(?:[,;/]? +(.+))?")
_CARD_LAST = re.compile(rf"(.+?)[,;]? +{_CARD}")
_CURRENCY = re.compile(r"(?:([A-Za-z]{3}|[€£]) ?)?([0-9.,' ]+?)(?: ?([A-Za-z]{3}|[€£]))?")
_SIGNS = {"€": "EUR", "£": "GBP"}
_DAY = re.compile(r"([0-9]{1,4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,4})")

T = TypeVar("T")
Amounts = Sequence[tuple[int, str | None]]
"""Amounts in ten-thousandths, each with its currency where the term names one."""


def read_payment(term: str) -> str | None:
    """`P-7F3A09BC12DE`, in any case, with or without the dash."""
    return _read_ours(term, "P")


def read_refund(term: str) -> str | None:
    """`R-7F3A09BC12DE`, likewise."""
    return _read_ours(term, "R")


def _read_ours(term: str, letter: str) -> str | None:
    match = _OURS.fullmatch(plain(term).upper())
    return f"{letter}-{match[2]}" if match and match[1] == letter else None


def read_provider(term: str) -> str | None:
    """What a provider may call something: at least six plain signs, as they are written."""
    text = plain(term)
    return text if _PROVIDERS.fullmatch(text) and not _OURS.fullmatch(text.upper()) else None


def read_order(term: str) -> tuple[str, ...] | None:
    """An order reference is the merchant's own text: as typed, and in capitals."""
    if len(term) > 80:
        return None
    return tuple(dict.fromkeys([term, term.upper()]))


def read_id(term: str) -> uuid.UUID | None:
    """An id, with or without its dashes."""
    try:
        return uuid.UUID(plain(term))
    except ValueError:
        return None


def read_amount(term: str) -> Amounts | None:
    """An amount as it is written in English or in French, with its currency or without.

    Read both ways where the two differ: “1,234” is a thousand here and one there.
    """
    match = _CURRENCY.fullmatch(plain(term))
    if match is None or (match[1] and match[3]):
        return None
    currency = _read_currency(match[1] or match[3] or "")
    if currency == "":
        return None
    read = {_read_fine(match[2], language) for language in SPELLINGS} - {None, 0}
    return [(fine, currency) for fine in sorted(fine for fine in read if fine)] or None


def _read_currency(text: str) -> str | None:
    """A currency's code, None where none is named, "" for one that is not known."""
    if not text:
        return None
    code = _SIGNS.get(text, text.upper())
    try:
        exponent_of(code)
    except ValueError:
        return ""
    return code


def _read_fine(text: str, language: str) -> int | None:
    try:
        return Money.parse(text, FINE_CURRENCY, language).minor
    except Refusal:
        return None


def read_card(term: str) -> str | None:
    """Four digits alone, or with the dots that stand for the others."""
    match = _CARD_FIRST.fullmatch(plain(term))
    return match[1] if match and not match[2] else None


def read_card_and_amount(term: str) -> list[tuple[str, Amounts]] | None:
    """The last four digits of a card, and an amount before or after them."""
    return _read_beside_card(term, read_amount)


def read_card_and_day(term: str) -> list[tuple[str, list[date]]] | None:
    """The last four digits of a card, and a day before or after them."""
    return _read_beside_card(term, _read_days)


def _read_beside_card(term: str, read: Callable[[str], T | None]) -> list[tuple[str, T]] | None:
    pairs = [(digits, read(rest)) for digits, rest in _beside_card(term)]
    return [(digits, what) for digits, what in pairs if what] or None


def _beside_card(term: str) -> list[tuple[str, str]]:
    text = plain(term)
    found_pairs = []
    if (first := _CARD_FIRST.fullmatch(text)) and first[2]:
        found_pairs.append((first[1], first[2]))
    if last := _CARD_LAST.fullmatch(text):
        found_pairs.append((last[2], last[1]))
    return found_pairs


def _read_days(text: str) -> list[date]:
    """`2026-11-03`, `3.11.2026`, and `03/11/2026`, which is two days unless one cannot be."""
    match = _DAY.fullmatch(text)
    if match is None:
        return []
    first, middle, last = (int(part) for part in match.groups())
    if len(match[1]) == 4:
        orders = [(first, middle, last)]
    elif len(match[3]) == 4:
        orders = [(last, middle, first)]
        # Only slashes are written in both orders.
        orders += [(last, first, middle)] if "/" in text else []
    else:
        return []
    days = {day for order in orders if (day := _make_day(*order)) is not None}
    return sorted(days)


def _make_day(year: int, month: int, day: int) -> date | None:
    try:
        made = date(year, month, day)
    except ValueError:
        return None
    return made if EARLIEST <= made <= LATEST else None


def _in_currencies(amounts: Amounts) -> list[tuple[int, str]]:
    """Minor units in each currency that is taken and has so many decimals. One SELECT at most."""
    pairs = []
    taken: list[str] | None = None
    for fine, currency in amounts:
        if currency is None and taken is None:
            taken = list_currencies()
        for code in [currency] if currency else taken or []:
            minor, rest = divmod(fine, 10 ** (FINEST - exponent_of(code)))
            if rest == 0 and minor > 0:
                pairs.append((minor, code))
    return pairs


def _span(day: date) -> tuple[datetime, datetime]:
    start = timezone.make_aware(datetime.combine(day, time.min))
    return start, timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def _hits(payments: Sequence[Payment]) -> list[Hit]:
    return [Hit(one, reverse("payments:detail", args=[one.pk])) for one in payments]


def _by_mode(
    find: Callable[..., list[Payment]],
) -> Callable[[Any, int, bool], list[Hit]]:
    return lambda key, limit, is_live: _hits(find(key, limit, is_live=is_live))


def _by(find: Callable[[Any, int], list[Payment]]) -> Callable[[Any, int, bool], list[Hit]]:
    return lambda key, limit, _is_live: _hits(find(key, limit))


def _find_amount(amounts: Amounts, limit: int, *, is_live: bool) -> list[Payment]:
    return found.find_by_amount(_in_currencies(amounts), limit, is_live=is_live)


def _find_card_and_amount(
    pairs: Sequence[tuple[str, Amounts]], limit: int, *, is_live: bool
) -> list[Payment]:
    rows = (
        found.find_by_card_and_amount(digits, _in_currencies(amounts), limit, is_live=is_live)
        for digits, amounts in pairs
    )
    return _newest(rows, limit)


def _find_card_and_day(
    pairs: Sequence[tuple[str, list[date]]], limit: int, *, is_live: bool
) -> list[Payment]:
    rows = (
        found.find_by_card_and_time(digits, [_span(day) for day in days], limit, is_live=is_live)
        for digits, days in pairs
    )
    return _newest(rows, limit)


def _newest(lists: Iterable[Iterable[Payment]], limit: int) -> list[Payment]:
    by_id = {row.pk: row for rows in lists for row in rows}
    return sorted(by_id.values(), key=lambda row: (row.created_at, row.pk), reverse=True)[:limit]


_Kind = partial(SearchKind, permission=VIEW, template="payments/search_hits.html")

KINDS = (
    _Kind(
        code="payment_reference",
        label=_("payment reference"),
        heading=_("Payment with this reference"),
        example="P-7F3A09BC12DE",
        index="payments_reference",
        read=read_payment,
        find=_by(found.find_by_reference),
    ),
    _Kind(
        code="refund_reference",
        label=_("refund reference"),
        heading=_("Payment of this refund"),
        example="R-7F3A09BC12DE",
        index="payments_refund_reference",
        read=read_refund,
        find=_by(found.find_by_refund),
    ),
    _Kind(
        code="payment_id",
        label=_("id of a payment, attempt, capture or refund"),
        heading=_("Payment with this id"),
        example="7f3a09bc-12de-4f00-8a51-2b6c1d9e0f34",
        index="payments_payment_pkey",
        read=read_id,
        find=_by(found.find_by_id),
    ),
    _Kind(
        code="provider_reference",
        label=_("provider's reference, or ARN"),
        heading=_("Payments that a provider or a bank calls so"),
        example="auth_3k9x2m",
        index="payments_attempt_provider_reference, payments_refund_arn",
        read=read_provider,
        find=_by(found.find_by_provider),
    ),
    _Kind(
        code="order_reference",
        label=_("order reference"),
        heading=_("Payments of this order"),
        example="ORD-2026-10042",
        index="payments_order_time",
        read=read_order,
        find=_by(found.find_by_order),
    ),
    _Kind(
        code="card_and_amount",
        label=_("last four digits of a card, and an amount"),
        heading=_("Payments with this card and amount"),
        example="4242 12.34",
        index="payments_attempt_card_amount",
        read=read_card_and_amount,
        find=_by_mode(_find_card_and_amount),
        exact=False,
        advice=_("Add the currency, or look by the date instead."),
    ),
    _Kind(
        code="card_and_day",
        label=_("last four digits of a card, and a day"),
        heading=_("Payments with this card on this day"),
        example="4242 2026-11-03",
        index="payments_attempt_card_time",
        read=read_card_and_day,
        find=_by_mode(_find_card_and_day),
        exact=False,
        advice=_("Look by the amount instead."),
    ),
    _Kind(
        code="card",
        label=_("last four digits of a card"),
        heading=_("Latest payments with a card that ends so"),
        example="4242",
        index="payments_attempt_card_time",
        read=read_card,
        find=_by_mode(found.find_by_card),
        exact=False,
        advice=_("Add an amount or a date, such as “4242 12.34” or “4242 2026-11-03”."),
    ),
    _Kind(
        code="amount",
        label=_("amount"),
        heading=_("Latest payments of this amount"),
        example="12.34",
        index="payments_amount_currency",
        read=read_amount,
        find=_by_mode(_find_amount),
        exact=False,
        advice=_("Add the last four digits of the card, or the currency."),
    ),
)


def register() -> None:
    """Have the search box know them."""
    add_kinds(KINDS)

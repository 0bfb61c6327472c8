"""What the home page shows, by what a person may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.http import QueryDict
from django.urls import reverse

from audit import needs
from audit.actor import Actor
from audit.needs import Pile
from audit.queries import Touched, list_touched
from payments.models import DaysProgress
from payments.queries.days import (
    APPROVED,
    DECLINED,
    NOTHING,
    REFUNDED,
    Group,
    Span,
    Totals,
    add_up,
    list_kept,
    list_top_merchants,
    span_of,
    start_of,
    sum_of,
    today_of,
)

DAYS = 30
"""Today among them."""
WEEK = timedelta(days=7)
NOW, THEN = "now", "then"
VIEW, VIEW_DAYS = "payments.view_payment", "payments.view_daytotals"


@dataclass(frozen=True, slots=True)
class Links:
    """Where the rows behind figures are: of these days, one currency, perhaps one merchant."""

    since: date
    until: date
    currency: str = ""
    merchant: str = ""

    @property
    def taken(self) -> str:
        return self._to(())

    @property
    def approved(self) -> str:
        return self._to(APPROVED)

    @property
    def declined(self) -> str:
        return self._to(DECLINED)

    @property
    def refunded(self) -> str:
        return self._to(REFUNDED)

    def _to(self, states: Iterable[str]) -> str:
        query = QueryDict(mutable=True)
        query["since"], query["until"] = self.since.isoformat(), self.until.isoformat()
        query.setlist("state", [str(state) for state in states])
        for name in ("currency", "merchant"):
            if value := getattr(self, name):
                query[name] = value
        return f"{reverse('payments:list')}?{query.urlencode()}"


@dataclass(frozen=True, slots=True)
class CurrencyToday:
    """Today so far, and the same weekday a week ago up to the same hour."""

    currency: str
    now: Totals
    then: Totals
    links: Links
    links_then: Links


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one currency; `is_open` while it is not over."""

    day: date
    totals: Totals
    links: Links
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant's share of the days that are over."""

    name: str
    totals: Totals
    links: Links


@dataclass(frozen=True)
class Month:
    """Thirty days of one currency, the oldest first."""

    currency: str
    days: Sequence[Day]
    shops: Sequence[Shop]
    links: Links

    @cached_property
    def totals(self) -> Totals:
        return sum_of(day.totals for day in self.days)


@dataclass(frozen=True, slots=True)
class Figures:
    """The business in numbers; `month` is None for who sees only today."""

    now: datetime
    then: datetime
    today: Sequence[CurrencyToday]
    month: Month | None
    currencies: Sequence[str]


@dataclass(frozen=True, slots=True)
class Home:
    """The home page of one person. `figures` is None for who sees no payments."""

    piles: Sequence[Pile]
    touched: Sequence[Touched]
    figures: Figures | None


def get_home(actor: Actor, now: datetime, currency: str = "", *, is_live: bool) -> Home:
    """What waits for `actor`, what he touched last, and the figures that his roles see.

    Seven SELECTs at most, however many payments there are: figures of past days come from their
    totals, those of today from an index range. `currency` chooses the one of the thirty days;
    `is_live` whether they are of live payments or of tests.
    """
    return Home(
        piles=needs.collect(actor, now, is_live=is_live),
        touched=list_touched(actor),
        figures=_figures(now, currency, is_live=is_live, with_month=actor.may(VIEW_DAYS))
        if actor.may(VIEW)
        else None,
    )


def _figures(now: datetime, wanted: str, *, is_live: bool, with_month: bool) -> Figures:
    today = today_of(now)
    then = start_of(today - WEEK) + (now - start_of(today))
    spans = [
        Span(NOW, start_of(today), now),
        Span(THEN, start_of(today - WEEK), then),
    ]
    since = today - timedelta(days=DAYS - 1)
    yesterday = today - timedelta(days=1)
    progress, past = list_kept(since, yesterday, is_live=is_live) if with_month else (None, [])
    missing = _missing_days(progress, since, today) if with_month else []
    read = _by_currency(add_up([*spans, *map(span_of, missing)], is_live=is_live))
    by_day = _by_day(past, read, missing, today)
    currencies = sorted(by_day, key=lambda one: (-_volume(by_day[one]), one))
    chosen = wanted if wanted in currencies else next(iter(currencies), "")
    return Figures(
        now=now,
        then=then,
        today=[_today(one, read.get(one, {}), today) for one in currencies or sorted(read)],
        month=_month(chosen, by_day[chosen], since, today, is_live=is_live)
        if with_month and chosen
        else None,
        currencies=currencies if with_month else (),
    )


def _missing_days(progress: DaysProgress | None, since: date, today: date) -> list[date]:
    """Days before today that nobody has added up yet: these are read live."""
    through = progress.through_on if progress else None
    first = since if through is None else max(since, through + timedelta(days=1))
    return [first + timedelta(days=number) for number in range((today - first).days)]


def _by_currency(groups: Iterable[Group]) -> dict[str, dict[str, Totals]]:
    found: dict[str, dict[str, Totals]] = {}
    for group in groups:
        found.setdefault(group.currency, {})[group.span] = group.totals
    return found


def _by_day(
    past: Iterable[tuple[date, str, Totals]],
    read: Mapping[str, Mapping[str, Totals]],
    missing: Sequence[date],
    today: date,
) -> dict[str, dict[date, Totals]]:
    found: dict[str, dict[date, Totals]] = {currency: {} for currency in read}
    for day, currency, totals in past:
        if day not in missing and totals.taken:
            found.setdefault(currency, {})[day] = totals
    for currency, spans in read.items():
        found[currency][today] = spans.get(NOW, NOTHING)
        for day in missing:
            found[currency][day] = spans.get(day.isoformat(), NOTHING)
    return found


def _volume(days: Mapping[date, Totals]) -> int:
    # How many, not how much: amounts of two currencies are not compared.
    return sum(totals.taken for totals in days.values())


def _today(currency: str, spans: Mapping[str, Totals], today: date) -> CurrencyToday:
    return CurrencyToday(
        currency=currency,
        now=spans.get(NOW, NOTHING),
        then=spans.get(THEN, NOTHING),
        links=Links(today, today, currency),
        links_then=Links(today - WEEK, today - WEEK, currency),
    )


def _month(
    currency: str, totals: Mapping[date, Totals], since: date, today: date, *, is_live: bool
) -> Month:
    days = [since + timedelta(days=number) for number in range(DAYS)]
    shops = list_top_merchants(since, today - timedelta(days=1), currency, is_live=is_live)
    return Month(
        currency=currency,
        days=[
            Day(day, totals.get(day, NOTHING), Links(day, day, currency), day == today)
            for day in days
        ],
        shops=[
            Shop(name, of_shop, Links(since, today - timedelta(days=1), currency, str(pk)))
            for pk, name, of_shop in shops
        ],
        links=Links(since, today, currency),
    )

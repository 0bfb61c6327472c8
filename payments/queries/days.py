"""The totals of days: as they are kept, and live as the payments say.

Days are those of the house's time zone. Approved is what a bank said yes to and that has not
expired since, declined what ended without a yes; the rest is still open. Refunded is what has gone
back of the payments taken that day, whenever it went. Live payments and tests are never added up
together.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Min, Q, Sum, Value
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from audit.command import registry
from audit.models import LogEntry
from audit.modes import of_mode
from audit.together import together
from payments.models import DaysProgress, DayTotals, Payment
from payments.states import UNTRIED, Event

P = Payment.Status
APPROVED = (
    P.AUTHORIZED,
    P.PARTIALLY_CAPTURED,
    P.CAPTURED,
    P.PARTIALLY_REFUNDED,
    P.REFUNDED,
    P.VOIDED,
    P.VOIDED_AFTER_CAPTURE,
)
DECLINED = (P.FAILED,)
OPEN = (P.PROCESSING, P.REQUIRES_ACTION, P.UNKNOWN, P.CONFLICTED, P.EXPIRED)
"""Neither: nobody has said yes or no yet, or nobody asks any more."""
REFUNDED = (P.PARTIALLY_REFUNDED, P.REFUNDED)
PAGE = 31
"""Days that one SELECT adds up."""
SETTLED_AFTER = timedelta(minutes=15)
"""An entry's time is its statement's, and it shows only once committed. No transaction lives this
long, so whoever follows the record looks back so far."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts, and amounts in the minor unit of one currency."""

    taken: int = 0
    taken_minor: int = 0
    approved: int = 0
    approved_minor: int = 0
    declined: int = 0
    captured: int = 0
    captured_minor: int = 0
    refunded: int = 0
    refunded_minor: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(getattr(self, one) + getattr(other, one) for one in COLUMNS))

    @property
    def approval_rate(self) -> float | None:
        """Approved of what was approved or declined; None when neither has happened."""
        decided = self.approved + self.declined
        return self.approved / decided if decided else None


COLUMNS = tuple(one.name for one in fields(Totals))
NOTHING = Totals()


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time; `name` tells it from the others of its SELECT."""

    name: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """The totals of one currency in one span."""

    span: str
    currency: str
    totals: Totals


class Place(NamedTuple):
    """Of what a row of totals is: a day, a currency, a merchant and a mode."""

    day: date
    currency: str
    merchant_id: uuid.UUID
    is_live: bool


def today_of(now: datetime) -> date:
    """The day it is at `now` in the house's time zone."""
    return timezone.localdate(now, timezone.get_default_timezone())


def start_of(day: date) -> datetime:
    """The first moment of a day in the house's time zone."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def span_of(day: date) -> Span:
    """A whole day."""
    return Span(day.isoformat(), start_of(day), start_of(day + timedelta(days=1)))


def add_up(spans: Sequence[Span], *, is_live: bool) -> list[Group]:
    """What the payments of a mode say, now. One SELECT with an index range for each span."""
    rows = _read_together([_groups_in(span, "currency", is_live=is_live) for span in spans])
    return [Group(row["span"], row["currency"], _read(row)) for row in rows]


def _read_together(parts: Sequence[Any]) -> Iterable[Mapping[str, Any]]:
    if not parts:
        return []
    first, *others = parts
    rows: Iterable[Mapping[str, Any]] = first.union(*others, all=True) if others else first
    return rows


def _groups_in(span: Span, *keys: str, is_live: bool) -> Any:
    rows = Payment.objects.filter(
        of_mode(is_live), created_at__gte=span.begins, created_at__lt=span.ends
    )
    rows = rows.exclude(status__in=UNTRIED)
    name = Cast(Value(span.name), CharField(max_length=10))
    return rows.order_by().values(*keys).annotate(span=name, **_sums())


@cache
def _sums() -> dict[str, Any]:
    approved, declined = Q(status__in=APPROVED), Q(status__in=DECLINED)
    return {
        "sum_taken": Count("pk"),
        "sum_taken_minor": Sum("amount_minor"),
        "sum_approved": Count("pk", filter=approved),
        "sum_approved_minor": Coalesce(Sum("amount_minor", filter=approved), Value(0)),
        "sum_declined": Count("pk", filter=declined),
        "sum_captured": Count("pk", filter=Q(captured_minor__gt=0)),
        "sum_captured_minor": Sum("captured_minor"),
        "sum_refunded": Count("pk", filter=Q(refunded_minor__gt=0)),
        "sum_refunded_minor": Sum("refunded_minor"),
    }


def find_progress() -> DaysProgress | None:
    """How far the kept totals go; None before the first run and after a change of time zone."""
    return _in_our_zone(DaysProgress.objects.order_by("pk")[:1])


def _in_our_zone(rows: Iterable[DaysProgress]) -> DaysProgress | None:
    zone = str(timezone.get_default_timezone())
    return next((one for one in rows if one.zone == zone), None)


def list_kept(
    since: date, until: date, *, is_live: bool
) -> tuple[DaysProgress | None, list[tuple[date, str, Totals]]]:
    """How far the kept totals go, and `(day, currency, totals)` of all merchants in a mode as they
    are kept, both days included. One SELECT of the rows of those days alone.
    """
    progress, sums = together(
        DaysProgress.objects.order_by("pk")[:1],
        _kept(since, until, "day", "currency", is_live=is_live).order_by("day", "currency"),
    )
    return _in_our_zone(progress), [(one["day"], one["currency"], _read(one)) for one in sums]


def list_top_merchants(
    since: date, until: date, currency: str, *, is_live: bool, limit: int = 8
) -> list[tuple[uuid.UUID, str, Totals]]:
    """`(merchant, its name, totals)` of those who took most over those days. One SELECT."""
    sums = _kept(since, until, "merchant_id", "merchant__name", is_live=is_live)
    sums = sums.filter(currency=currency)
    top = sums.order_by("-sum_taken_minor", "merchant_id")[:limit]
    return [
        (row["merchant_id"], row["merchant__name"], _read(row)) for row in top if row["sum_taken"]
    ]


def _kept(since: date, until: date, *keys: str, is_live: bool) -> Any:
    rows = DayTotals.objects.filter(of_mode(is_live), day__gte=since, day__lte=until)
    return rows.values(*keys).annotate(**{f"sum_{name}": Sum(name) for name in COLUMNS})


def _read(row: Mapping[str, Any]) -> Totals:
    return Totals(*(int(row[f"sum_{name}"]) for name in COLUMNS))


def find_first_day(since: date | None = None) -> date | None:
    """The first day, from `since` on, on which a payment of either mode was taken. One SELECT, one
    index read."""
    rows = Payment.objects.order_by()
    if since is not None:
        rows = rows.filter(created_at__gte=start_of(since))
    first: datetime | None = rows.aggregate(first=Min("created_at"))["first"]
    return None if first is None else today_of(first)


def list_changed_days(since: datetime, until: datetime) -> set[date]:
    """The days of the payments that were made or changed in between, by the record.

    One index range of the log for each event of ours, and one SELECT for 500 payments.
    """
    entries = LogEntry.objects.filter(
        event__in=followed_events(),
        timestamp__gte=since,
        timestamp__lt=until,
        content_type=ContentType.objects.get_for_model(Payment),
        action__in=(LogEntry.Action.CREATE, LogEntry.Action.UPDATE),
    )
    ids = sorted(set(entries.order_by().values_list("object_pk", flat=True)))
    return {
        today_of(moment)
        for some in _batches(ids, 500)
        for moment in Payment.objects.filter(pk__in=some)
        .order_by()
        .values_list("created_at", flat=True)
    }


@cache
def followed_events() -> list[str]:
    """The events under which a payment is made or changed: our commands, and their moves."""
    ours = {event for event in registry if event.startswith("payments.")}
    return sorted(ours | {event.value for event in Event} | {"payments.attempt.requested"})


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def add_up_days(days: Collection[date]) -> dict[Place, Totals]:
    """What the payments of these days say, test and live apart.

    One SELECT for 31 days, with an index range for each mode of each.
    """
    spans = [span_of(day) for day in sorted(days)]
    found: dict[Place, Totals] = {}
    for start in range(0, len(spans), PAGE):
        parts = [
            _groups_in(span, "currency", "merchant_id", "is_live", is_live=is_live)
            for span in spans[start : start + PAGE]
            for is_live in (False, True)
        ]
        for row in _read_together(parts):
            day = date.fromisoformat(row["span"])
            place = Place(day, row["currency"], row["merchant_id"], row["is_live"])
            found[place] = _read(row)
    return found


def place_of(row: DayTotals) -> Place:
    """Of what a kept row is the totals."""
    return Place(row.day, row.currency, row.merchant_id, row.is_live)


def totals_of(row: DayTotals) -> Totals:
    """The totals that a kept row says."""
    return Totals(*(getattr(row, name) for name in COLUMNS))


def sum_of(totals: Iterable[Totals]) -> Totals:
    """All of them together: of one currency."""
    return sum(totals, NOTHING)

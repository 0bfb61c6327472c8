"""Keeping the totals of days, so that a page that shows thirty of them does not add up payments."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import asdict
from datetime import date, timedelta

from django.utils import timezone

from audit.command import command
from audit.work import Work
from payments.models import DaysProgress, DayTotals
from payments.queries.days import (
    NOTHING,
    PAGE,
    SETTLED_AFTER,
    Place,
    add_up_days,
    find_first_day,
    list_changed_days,
    place_of,
    today_of,
    totals_of,
)

NAMESPACE = uuid.UUID("5a2d9c1e-7a51-4d0f-9a55-0c6c2b7d1f10")
PROGRESS_ID = uuid.uuid5(NAMESPACE, "progress")
STRETCH = timedelta(hours=1)
"""So much of the record is followed at once."""


@command("payments.days.completed")
def complete_days(work: Work, *, at_most: int = PAGE) -> bool:
    """Add up the next days that are over, at most so many; whether there are more.

    A repeat finds nothing left. Begins anew when the house's time zone has changed. Five SELECTs.
    """
    progress = _load_progress(work)
    yesterday = today_of(work.now) - timedelta(days=1)
    if progress.through_on is not None and progress.through_on >= yesterday:
        return False
    since = _begins(progress)
    first = since and find_first_day(since)
    last = min(yesterday, first + timedelta(days=at_most - 1)) if first else yesterday
    if since is not None and since <= last:
        _keep(work, since, last, _days_between(first, last))
    work.change(progress, through_on=last)
    return last < yesterday


def _begins(progress: DaysProgress) -> date | None:
    """The first day that is not complete; None in a house without payments."""
    if progress.through_on is not None:
        return progress.through_on + timedelta(days=1)
    kept = DayTotals.objects.order_by("day").values_list("day", flat=True).first()
    days = [day for day in (kept, find_first_day()) if day is not None]
    return min(days, default=None)


def _days_between(first: date | None, last: date) -> list[date]:
    if first is None:
        return []
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@command("payments.days.corrected")
def follow_changes(work: Work) -> bool:
    """Add up anew the complete days of payments that have changed since; whether there is more.

    Goes through the record an hour at a time. A repeat comes to the same totals.
    """
    progress = _load_progress(work)
    until = min(work.now, progress.changes_until + STRETCH)
    if progress.through_on is not None:
        changed = list_changed_days(progress.changes_until - SETTLED_AFTER, until)
        for day in sorted(day for day in changed if day <= progress.through_on):
            _keep(work, day, day, [day])
    work.change(progress, changes_until=until)
    return until < work.now


def _load_progress(work: Work) -> DaysProgress:
    """The one row of it, as of the time zone that is set."""
    zone = str(timezone.get_default_timezone())
    found = work.load(DaysProgress.objects.filter(pk=PROGRESS_ID))
    if not found:
        progress = DaysProgress(pk=PROGRESS_ID, zone=zone, changes_until=work.now)
        work.add(progress)
        return progress
    if found[0].zone != zone:
        work.change(found[0], zone=zone, through_on=None, changes_until=work.now)
    return found[0]


def _keep(work: Work, since: date, until: date, days: Collection[date]) -> None:
    """Make the rows from `since` to `until` say what the payments of `days` say; others zero."""
    said = add_up_days(days)
    rows = work.load(DayTotals.objects.filter(day__gte=since, day__lte=until).order_by("pk"))
    for row in rows:
        totals = said.pop(place_of(row), NOTHING)
        if totals != totals_of(row):
            work.change(row, **asdict(totals))
    work.add(
        *(
            DayTotals(
                pk=_id_of(place),
                **place._asdict(),
                **asdict(totals),
            )
            for place, totals in said.items()
        )
    )


def _id_of(place: Place) -> uuid.UUID:
    name = f"{place.merchant_id}:{place.currency}:{place.day}"
    return uuid.uuid5(NAMESPACE, f"{name}:live" if place.is_live else name)

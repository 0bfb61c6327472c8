"""The log from its beginning to its end, in bounded memory and by index."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from audit.leaves import SEALED_FIELDS
from audit.models import LogEntry

PAGE = 1000
MOST_IDS = 500

# SQLite holds a moment as text with three decimals and is asked with six: what lies within this
# of a bound is fetched, and compared here.
SLACK = timedelta(milliseconds=1)


class Spot(NamedTuple):
    """Where in the log an entry stands."""

    at: datetime
    entry_id: uuid.UUID


def walk(after: datetime | None, until: datetime | None, *, size: int = PAGE) -> Iterator[Spot]:
    """The entries recorded after a moment and not after `until`, in order of (timestamp, id).

    One SELECT a page. Entries that come meanwhile behind the page are not seen.
    """
    seen: dict[uuid.UUID, datetime] = {}
    lower, limit = after, size
    while True:
        page = _page(lower, until, limit)
        fresh = sorted(spot for spot in page if spot.entry_id not in seen)
        for spot in fresh:
            if (after is None or spot.at > after) and (until is None or spot.at <= until):
                yield spot
        if len(page) < limit:
            return
        if not fresh:
            # More entries share this moment than a page holds.
            limit *= 2
            continue
        lower = page[-1].at
        seen |= {spot.entry_id: spot.at for spot in fresh}
        seen = {one: at for one, at in seen.items() if at >= lower - 2 * SLACK}


def _page(since: datetime | None, until: datetime | None, limit: int) -> list[Spot]:
    rows = LogEntry.objects.order_by("timestamp", "id")
    if since is not None:
        rows = rows.filter(timestamp__gte=since - SLACK)
    if until is not None:
        rows = rows.filter(timestamp__lte=until + SLACK)
    return [Spot(*row) for row in rows.values_list("timestamp", "id")[:limit]]


def rows_of(ids: Sequence[uuid.UUID], version: int) -> list[dict[str, Any]]:
    """What the seals of this version hold of these entries, in order of (timestamp, id).

    One SELECT for every 500.
    """
    columns = SEALED_FIELDS[version]
    rows: list[dict[str, Any]] = []
    for start in range(0, len(ids), MOST_IDS):
        some = LogEntry.objects.filter(pk__in=ids[start : start + MOST_IDS])
        rows += some.values(*columns)
    return sorted(rows, key=lambda row: (row["timestamp"], row["id"]))

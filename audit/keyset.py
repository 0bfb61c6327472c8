"""Pages of a long list by key: no OFFSET, no COUNT, and a page stays where it was while rows come.

A cursor is the moment and the id of a row at the edge of a page. It travels in the address and
holds nothing else.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

M = TypeVar("M", bound=Model)

SIZE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PLACES = ("after", "before")
"""The words of the address that say which page."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row a page begins after (or ends before)."""

    moment: datetime
    pk: uuid.UUID

    def __str__(self) -> str:
        microseconds = (self.moment - EPOCH) // timedelta(microseconds=1)
        return f"{microseconds}-{self.pk.hex}"

    @classmethod
    def read(cls, text: str) -> Cursor:
        """The cursor of an address. Raises ValueError for what no page of ours has written."""
        microseconds, _, pk = text.partition("-")
        try:
            return cls(EPOCH + timedelta(microseconds=int(microseconds)), uuid.UUID(pk))
        except OverflowError as error:
            raise ValueError(text) from error


@dataclass(frozen=True, slots=True)
class Place:
    """Which page is asked for: the first, the one after a row, the one before a row.

    `is_lost`: the address names none, so it is the first.
    """

    cursor: Cursor | None = None
    is_before: bool = False
    is_lost: bool = False

    @classmethod
    def read(cls, address: Mapping[str, Any]) -> Place:
        """The place that an address names."""
        for word in PLACES:
            if text := address.get(word):
                try:
                    return cls(Cursor.read(str(text)), word == "before")
                except ValueError:
                    return cls(is_lost=True)
        return cls()


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """The rows in the order of the list, and the cursors of its neighbours, None at its ends."""

    rows: list[M]
    before: Cursor | None
    after: Cursor | None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Pager:
    """What `partials/pager.html` draws, and `partials/lost_place.html` above the list."""

    previous_url: str | None
    next_url: str | None
    is_lost: bool = False


def take(
    rows: QuerySet[M],
    place: Place,
    *,
    by: str,
    descending: bool,
    size: int = SIZE,
    turns: bool = True,
) -> Page[M]:
    """One page of `rows` in the order of the column `by` and the key. One SELECT, two at an edge.

    An index on (`by`, key), or one that ends so, finds it; rows that share a moment neither repeat
    nor are left out. Before the first row it turns to the first page, where it `turns` at all.
    """
    backward = place.is_before and place.cursor is not None
    falling = descending != backward
    found = rows.order_by(*(f"-{name}" if falling else name for name in (by, "pk")))
    if place.cursor is not None:
        found = found.filter(_beyond(by, place.cursor, falling=falling))
    fetched = list(found[: size + 1])
    if backward and turns and not fetched:
        return take(rows, Place(), by=by, descending=descending, size=size)
    more, shown = len(fetched) > size, fetched[:size]
    if backward:
        shown.reverse()
    has_before = more if backward else place.cursor is not None
    has_after = True if backward else more
    return Page(
        shown,
        _cursor(shown[0], by) if shown and has_before else None,
        _cursor(shown[-1], by) if shown and has_after else None,
        is_lost=place.is_lost,
    )


def merge(pages: Sequence[Page[Any]], place: Place, *, by: str, size: int = SIZE) -> Page[Any]:
    """One page of several lists that were each taken at the same place, oldest first.

    What does not fit begins the neighbour. No queries.
    """
    rows = sorted(
        (row for page in pages for row in page.rows), key=lambda row: (getattr(row, by), row.pk)
    )
    backward = place.is_before and place.cursor is not None
    shown = rows[-size:] if backward else rows[:size]
    is_cut = len(rows) > len(shown)
    has_before = any(page.before for page in pages) or (backward and is_cut)
    has_after = any(page.after for page in pages) or (not backward and is_cut)
    return Page(
        shown,
        _cursor(shown[0], by) if shown and has_before else None,
        _cursor(shown[-1], by) if shown and has_after else None,
        is_lost=place.is_lost,
    )


def count_up_to(rows: QuerySet[M], most: int) -> int:
    """How many there are, `most` + 1 for more than `most`. One SELECT that reads no further."""
    return rows.order_by()[: most + 1].count()


def begins_with(field: str, text: str) -> Q:
    """Rows whose field begins with `text`, as a range: an index answers it, where LIKE asks every
    row. The case counts."""
    beyond = text[:-1] + chr(min(ord(text[-1]) + 1, sys.maxunicode))
    return Q(**{f"{field}__gte": text, f"{field}__lt": beyond})


def key_begins_with(digits: str) -> Q:
    """Rows whose key begins with these digits, as a range; none for what are no digits of a key."""
    text = digits.upper()
    try:
        first, last = uuid.UUID(text.ljust(32, "0")), uuid.UUID(text.ljust(32, "F"))
    except ValueError:
        return Q(pk__in=[])
    return Q(pk__gte=first, pk__lte=last)


def pager(page: Page[M], path: str, address: QueryDict) -> Pager:
    """The links to the neighbours; all else in the address stays as it is."""
    return Pager(
        _link(path, address, "before", page.before),
        _link(path, address, "after", page.after),
        is_lost=page.is_lost,
    )


def without_place(address: QueryDict) -> QueryDict:
    """An address of the first page."""
    kept = address.copy()
    for word in PLACES:
        kept.pop(word, None)
    return kept


def _beyond(by: str, cursor: Cursor, *, falling: bool) -> Q:
    sign = "lt" if falling else "gt"
    tie = Q(**{by: cursor.moment, f"pk__{sign}": cursor.pk})
    # The outer bound is what an index can begin at; the inner alternative is not.
    return Q(**{f"{by}__{sign}e": cursor.moment}) & (Q(**{f"{by}__{sign}": cursor.moment}) | tie)


def _cursor(row: M, by: str) -> Cursor:
    return Cursor(getattr(row, by), row.pk)


def _link(path: str, address: QueryDict, word: str, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    kept = without_place(address)
    kept[word] = str(cursor)
    return f"{path}?{kept.urlencode()}"

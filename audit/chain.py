"""The chain of seals as it stands in the database, read a few seals at a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from audit.leaves import unpack_leaves
from audit.models import LogEntry, Seal
from audit.seals import Sealed

LATE = timedelta(minutes=5)
"""How long after its moment an entry may still be committed and sealed."""

PAGE = 20
COLUMNS = tuple(field.name for field in fields(Sealed))


def find_newest() -> Sealed | None:
    """The last seal of the chain. One SELECT."""
    return next(_read(Seal.objects.order_by("-number")[:1]), None)


def walk(*, after: int = 0, until: int | None = None) -> Iterator[Sealed]:
    """The seals whose numbers are above `after`, up to `until`, in order. One SELECT a page."""
    while True:
        rows = Seal.objects.filter(number__gt=after).order_by("number")
        if until is not None:
            rows = rows.filter(number__lte=until)
        page = list(_read(rows[:PAGE]))
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].number


def walk_back(since: datetime) -> Iterator[Sealed]:
    """The seals that may name an entry recorded at `since` or later, newest first."""
    before: int | None = None
    while True:
        rows = Seal.objects.order_by("-number")
        if before is not None:
            rows = rows.filter(number__lt=before)
        page = list(_read(rows[:PAGE]))
        for sealed in page:
            if sealed.covers_until < since:
                return
            yield sealed
        if len(page) < PAGE:
            return
        before = page[-1].number


def names_since(since: datetime) -> set[uuid.UUID]:
    """The ids that the seals of that time name; as many as the log has grown by since then."""
    return {leaf.entry_id for sealed in walk_back(since) for leaf in unpack_leaves(sealed.leaves)}


def digests_of(numbers: Sequence[int]) -> dict[int, str]:
    """`{number: digest}` of the seals that are there. One SELECT."""
    rows = Seal.objects.filter(number__in=numbers).order_by("number")
    return dict(rows.values_list("number", "digest"))


def _read(rows: QuerySet[Seal]) -> Iterator[Sealed]:
    for row in rows.values(*COLUMNS):
        yield Sealed(**{**row, "leaves": bytes(row["leaves"])})


def find_unsealed_age_s() -> float:
    """How old the oldest entry behind the last seal is, in seconds. Two SELECTs by index."""
    rows = LogEntry.objects.order_by("timestamp")
    if (last := find_newest()) is not None:
        rows = rows.filter(timestamp__gt=last.covers_until)
    oldest = rows.annotate(now=Now()).values_list("timestamp", "now").first()
    return (oldest[1] - oldest[0]).total_seconds() if oldest else 0.0

"""Whether the log still says what was sealed; if not, the first entry that does not.

Everything is read by index, a thousand entries at a time. What the seals do not reach yet is
pending: the newest entries, and late ones of the last five minutes before the newest seal.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.models import Sum

from audit import anchors, chain, scan
from audit.leaves import (
    Change,
    Difference,
    Leaf,
    first_difference,
    leaf_of,
    unpack_leaves,
)
from audit.models import LogEntry, Seal
from audit.scan import Spot
from audit.seal_keys import find_public_key
from audit.seals import Anchor, Sealed, find_flaw

ANCHORS_AT_ONCE = 500
UNKNOWN = b""
"""For a digest that need not be known, since it is not the one that was sealed."""

# What a column raises whose text no longer is what its type writes (SQLite keeps any text).
NOT_OF_ITS_TYPE = (ValueError, AttributeError, TypeError)


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not hold. `what` is a `Change` of an entry, a `Flaw` of a seal, or `anchor`."""

    what: str
    text: str
    seal: int | None = None
    entry_id: uuid.UUID | None = None
    event: str = ""
    recorded_at: datetime | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class Report:
    """What was looked at until the first entry or seal that does not hold, and the anchors."""

    seals: int
    entries: int
    pending: int
    anchors: int
    findings: list[Finding]

    @property
    def holds(self) -> bool:
        return not self.findings


def verify() -> Report:
    """Check every seal, every sealed entry and every anchor.

    The entries of one seal and of its time cost some five SELECTs.
    """
    report = Report(0, 0, 0, 0, [])
    try:
        newest = chain.find_newest()
        if newest is not None:
            _check_seals(newest, report)
        report.pending = _count_pending(newest)
    except NOT_OF_ITS_TYPE:
        if not report.findings:
            text = f"something after seal {report.seals} was edited: it can not be read"
            report.findings.append(Finding(Change.EDITED.value, text))
    _check_anchors(report)
    return report


def seals_off() -> Iterator[str]:
    """The proof of `manage.py prove`: the first entry or seal that is off, the first anchor."""
    yield from map(str, verify().findings)


def count_sealed() -> int:
    """How many entries are sealed."""
    return Seal.objects.aggregate(entries=Sum("size"))["entries"] or 0


# Seals and their entries --------------------------------------------------------------------------


def _check_seals(newest: Sealed, report: Report) -> None:
    previous: Sealed | None = None
    # There are few keys and many seals.
    find_key = cache(find_public_key)
    for sealed in chain.walk(until=newest.number):
        finding = _find_flaw(sealed, previous, find_key(sealed.key_id)) or _find_difference(
            sealed, previous, newest
        )
        if finding is not None:
            report.findings.append(finding)
            return
        report.seals += 1
        report.entries += sealed.size
        previous = sealed


def _find_flaw(
    sealed: Sealed, previous: Sealed | None, public_key: Ed25519PublicKey | None
) -> Finding | None:
    flaw = find_flaw(sealed, previous, public_key)
    if flaw is None:
        return None
    due = previous.number + 1 if previous else 1
    if sealed.number != due:
        return Finding(flaw.value, f"seal {due} is missing: {sealed.number} is the next", due)
    return Finding(flaw.value, f"seal {sealed.number} was changed: its {flaw} is off", due)


def _find_difference(sealed: Sealed, previous: Sealed | None, newest: Sealed) -> Finding | None:
    leaves = unpack_leaves(sealed.leaves)
    unnamed = _find_unnamed(sealed, previous, newest)
    rows = _read([leaf.entry_id for leaf in leaves], sealed.version)
    if unnamed is not None:
        rows[unnamed.entry_id] = unnamed.at, UNKNOWN
    found = [Leaf(entry_id, digest) for (_, digest), entry_id in _in_order(rows)]
    for position, leaf in enumerate(leaves):
        if leaf.entry_id in rows and rows[leaf.entry_id] is None:
            # Its moment is gone, so it stands where it stood.
            found.insert(position, Leaf(leaf.entry_id, UNKNOWN))
    difference = first_difference(leaves, found)
    return _describe(difference, sealed) if difference else None


Row = tuple[datetime, bytes]
"""When an entry was recorded, and the digest of what it says."""


def _read(ids: Sequence[uuid.UUID], version: int) -> dict[uuid.UUID, Row | None]:
    """The entries that are there; None for one that can not be read."""
    try:
        rows = scan.rows_of(ids, version)
        return {row["id"]: _row(row, version) for row in rows}
    except NOT_OF_ITS_TYPE:
        if len(ids) == 1:
            return {ids[0]: None}
    middle = len(ids) // 2
    return _read(ids[:middle], version) | _read(ids[middle:], version)


def _row(row: Mapping[str, Any], version: int) -> Row | None:
    # Django reads a moment that is none as None.
    if row["timestamp"] is None:
        return None
    return row["timestamp"], leaf_of(row, version).digest


def _in_order(rows: Mapping[uuid.UUID, Row | None]) -> list[tuple[Row, uuid.UUID]]:
    readable = [(row, entry_id) for entry_id, row in rows.items() if row is not None]
    return sorted(readable, key=lambda one: (one[0][0], one[1]))


def _find_unnamed(sealed: Sealed, previous: Sealed | None, newest: Sealed) -> Spot | None:
    """The first entry of this seal's time that no seal names, if it is too old to be pending."""
    after = previous.covers_until if previous else None
    until = min(sealed.covers_until, newest.covers_until - chain.LATE)
    if after is not None and after >= until:
        return None
    own = {leaf.entry_id for leaf in unpack_leaves(sealed.leaves)}
    others = (spot for spot in scan.walk(after, until) if spot.entry_id not in own)
    while page := list(islice(others, scan.PAGE)):
        if unnamed := _without_named(page, sealed.number):
            return unnamed[0]
    return None


def _without_named(spots: Sequence[Spot], number: int) -> list[Spot]:
    """Those that no seal above `number` names. Seals below it end before them."""
    left = {spot.entry_id: spot for spot in spots}
    for later in chain.walk(after=number):
        for leaf in unpack_leaves(later.leaves):
            left.pop(leaf.entry_id, None)
        if not left or later.covers_until >= spots[-1].at + chain.LATE:
            break
    return list(left.values())


def _describe(difference: Difference, sealed: Sealed) -> Finding:
    change, entry_id = difference.change, difference.entry_id
    event, recorded_at = _find_event(entry_id)
    moment = recorded_at.isoformat() if recorded_at else "no moment"
    known = f" ({event}, {moment})" if event else ""
    place = f"seal {sealed.number}, place {difference.position + 1}"
    if change is Change.INSERTED:
        text = f"entry {entry_id}{known} was inserted: no seal names it ({place})"
    else:
        when = sealed.sealed_at.isoformat()
        text = f"entry {entry_id}{known} was {change} after it was sealed at {when} ({place})"
    return Finding(change.value, text, sealed.number, entry_id, event, recorded_at)


def _find_event(entry_id: uuid.UUID) -> tuple[str, datetime | None]:
    rows = LogEntry.objects.filter(pk=entry_id)
    try:
        found = rows.values_list("event", "timestamp").first()
    except NOT_OF_ITS_TYPE:
        return "", None
    return found or ("", None)


# Anchors and what is pending ----------------------------------------------------------------------


def _check_anchors(report: Report) -> None:
    lines = anchors.read()
    while some := list(islice(lines, ANCHORS_AT_ONCE)):
        kept = chain.digests_of([anchor.number for _, anchor in some if anchor])
        for line, anchor in some:
            finding = _find_lost(line, anchor, kept)
            if finding is not None:
                report.findings.append(finding)
                return
            report.anchors += 1


def _find_lost(line: int, anchor: Anchor | None, kept: Mapping[int, str]) -> Finding | None:
    if anchor is None:
        return Finding("anchor", f"line {line} of the anchor file is no anchor")
    number = anchor.number
    link = Kept(number, kept[number]) if number in kept else None
    if anchor.holds_for(link):
        return None
    lost = "gone" if link is None else "not the one that was anchored"
    return Finding("anchor", f"seal {number} is {lost} (line {line} of the anchor file)", number)


@dataclass(frozen=True, slots=True)
class Kept:
    """What an anchor is compared with."""

    number: int
    digest: str


def _count_pending(newest: Sealed | None) -> int:
    if newest is None:
        return int(LogEntry.objects.count())
    after = newest.covers_until - chain.LATE
    named = chain.names_since(after)
    return sum(spot.entry_id not in named for spot in scan.walk(after, None))

"""Sealing the log, off the hot path: whoever writes an entry waits for none of this.

Entries are read and hashed in no transaction; the seal alone is written in one. A page that a
slow transaction commits behind is looked at again for five minutes (`chain.LATE`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice

from django.db.models.functions import Now

from audit import anchors, chain, scan
from audit.command import command
from audit.leaves import VERSION, Leaf, leaf_of
from audit.models import LogEntry, Seal
from audit.scan import Spot
from audit.seals import Sealed, seal_leaves
from audit.work import Work

SETTLED = timedelta(seconds=30)
"""Most transactions end within it, so that few entries come late."""

MOST_LEAVES = 1000
MOST_SEALS = 50


def seal_entries() -> int:
    """Seal what was recorded up to half a minute ago; answers how many entries that were.

    Ends after 50 seals, or when another sealer was faster. A repeat goes on where this ended.
    Raises OSError when a seal can not be anchored; the next call anchors it first.
    """
    now = _find_database_time()
    if now is None:
        return 0
    last = chain.find_newest()
    if last is not None:
        anchors.keep_missing(last)
    due = _due(last, now - SETTLED)
    count = 0
    for _ in range(MOST_SEALS):
        batch = list(islice(due, MOST_LEAVES))
        if not batch:
            break
        sealed = _seal(batch, last, now)
        if not append_seal(sealed=sealed):
            break
        anchors.keep(sealed)
        count += sealed.size
        last = sealed
    return count


@command("audit.log.sealed")
def append_seal(work: Work, *, sealed: Sealed) -> bool:
    """Put a seal at the end of the chain; False when another sealer took its place.

    One SELECT, one INSERT.
    """
    if Seal.objects.filter(number=sealed.number).exists():
        return False
    work.add(Seal(**asdict(sealed)))
    return True


def _find_database_time() -> datetime | None:
    """By the clock that entries are stamped with; None while the log is empty."""
    clock = LogEntry.objects.annotate(now=Now()).values_list("now", flat=True)
    now: datetime | None = clock.first()
    return now


def _due(last: Sealed | None, until: datetime) -> Iterator[Spot]:
    after = last.covers_until - chain.LATE if last else None
    named = chain.names_since(after) if after else set()
    return (spot for spot in scan.walk(after, until) if spot.entry_id not in named)


def _seal(batch: list[Spot], last: Sealed | None, now: datetime) -> Sealed:
    is_full = len(batch) == MOST_LEAVES
    covers_until = max(spot.at for spot in batch) if is_full else now - SETTLED
    if last is not None:
        # A batch of late entries, or a clock set back, takes nothing back.
        covers_until = max(covers_until, last.covers_until)
    leaves = leaves_named([spot.entry_id for spot in batch])
    return seal_leaves(leaves, last, covers_until=covers_until, sealed_at=now)


def leaves_named(ids: Sequence[uuid.UUID]) -> list[Leaf]:
    """The leaves of these entries as a seal made now would hold them, in order."""
    return [leaf_of(row) for row in scan.rows_of(ids, VERSION)]

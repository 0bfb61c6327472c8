"""What a key did before."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db.models import QuerySet

from audit import reads
from audit.idempotency.models import Record


def digest_of(key: str) -> str:
    """64 hex characters that stand for a caller's key: it may hold anything, so it is not kept."""
    return hashlib.sha256(key.encode()).hexdigest()


def find_record(owner: str, key: str) -> Record | None:
    """What `owner` did with this key. One SELECT by a unique index."""
    found = reads.find(reads.Wanted(Record, {"owner": owner, "digest": digest_of(key)}))
    return found[0] if found else None


def list_unanswered(now: datetime, limit: int) -> QuerySet[Record]:
    """Records whose request ended before its answer was kept."""
    rows = Record.objects.filter(answered_at__isnull=True, in_flight_until__lt=now)
    return rows.order_by("made_at", "pk")[:limit]

"""Writing a record with the effect of its request."""

from __future__ import annotations

import uuid
from datetime import timedelta

from audit.encryption import seal_secret
from audit.idempotency.models import Record
from audit.idempotency.queries import digest_of
from audit.work import Work

IN_FLIGHT = timedelta(seconds=30)
"""So long the first request may be at work; after it the answer is made of what is true."""


def note_key(
    work: Work,
    *,
    record_id: uuid.UUID,
    owner: str,
    key: str,
    fingerprint: str,
    kind: str,
    subject_id: uuid.UUID,
    answer: tuple[int, str] | None = None,
) -> Record:
    """A key's record, in the Work of what it did; its `answer` too, when it is known already. One
    INSERT with the flush."""
    record = Record(
        id=record_id,
        owner=owner,
        digest=digest_of(key),
        fingerprint=fingerprint,
        subject_kind=kind,
        subject_id=subject_id,
        request_id=work.actor.request_id[:64],
        made_at=work.now,
        in_flight_until=work.now + IN_FLIGHT,
    )
    if answer is not None:
        record.status_code, record.answered_at = answer[0], work.now
        record.answer = seal_secret(answer[1], place=record.place)
    work.add(record)
    return record

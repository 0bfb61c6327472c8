"""Keeping answers, and forgetting old keys."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from audit.command import command
from audit.encryption import seal_secret, unseal_secret
from audit.errors import Kind, Refusal
from audit.idempotency.models import Record
from audit.work import Work


@command("idempotency.answer.kept")
def keep_answer(
    work: Work, *, record_id: uuid.UUID, status_code: int, answer: str, key: str
) -> tuple[int, str]:
    """Keep what the first request was told, sealed; what is kept is returned. The first answer
    stays; a repeat changes nothing, so with a `key` (the record's id) it is tried again after a
    COMMIT that nobody answered: else whoever asks again would wait until the first request cannot
    be at work any more. One SELECT, one UPDATE."""
    found = work.find(Record, id=record_id)
    if not found:
        raise Refusal("record_missing", _("There is no such record."), Kind.MISSING)
    record = found[0]
    if record.answered_at is not None and record.status_code is not None:
        return record.status_code, unseal_secret(record.answer, place=record.place)
    work.change(
        record,
        status_code=status_code,
        answer=seal_secret(answer, place=record.place),
        answered_at=work.now,
    )
    return status_code, answer


@command("idempotency.records.tidied")
def tidy_records(work: Work, *, kept_days: int, limit: int = 1000) -> int:
    """Forget keys used more than `kept_days` ago, oldest first; how many were forgotten."""
    old = Record.objects.filter(made_at__lt=work.now - timedelta(days=kept_days))
    records = work.load(old.order_by("made_at", "pk")[:limit])
    for record in records:
        work.remove(record)
    return len(records)

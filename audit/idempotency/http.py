"""Once by key, over HTTP: the guard of every request of the API that moves money.

The contract (IETF draft-ietf-httpapi-idempotency-key-header, refined): a key belongs to its owner;
the same key with the same request gives the first answer again, with another request a refusal,
and while the first is under way a conflict. What was refused before anything was done is not kept.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

from audit import clock
from audit.companions import accompanied_by
from audit.encryption import fingerprint, unseal_secret
from audit.errors import Kind, Refusal
from audit.idempotency.answers import Presented, present
from audit.idempotency.commands import keep_answer
from audit.idempotency.errors import key_in_flight, key_missing, key_reused, key_unreadable
from audit.idempotency.models import Record
from audit.idempotency.queries import digest_of, find_record
from audit.idempotency.steps import note_key
from audit.outbox.steps import is_taking
from audit.work import Work

HEADER = "Idempotency-Key"
Row = TypeVar("Row")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def read_key(request: HttpRequest) -> str:
    """The key of a request, with or without the quotes of a structured field.

    Raises Refusal: `idempotency_key_missing`, `idempotency_key_invalid`.
    """
    text = request.headers.get(HEADER)
    if text is None:
        raise key_missing()
    key = text.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        raise key_unreadable()
    return key


def once(
    request: HttpRequest,
    owner: str,
    kind: str,
    body: Any,
    run: Callable[[str], Row],
    about: Callable[[Row], uuid.UUID],
    waiting: AbstractContextManager[None] | None = None,
    tell: Callable[[Work, Row], Presented | None] | None = None,
) -> HttpResponse:
    """Run `run(key)` once for this key of `owner`, and answer with what it made, of `kind`.

    `run` calls one command with the key it is given; `about` tells what is answered about by what
    the command returned; `waiting` is around the command and may wait for what it set going.

    Where nothing is waited for, the answer is kept with the effect, if `tell` knows it then: it is
    asked last before the flush, and None means that it does not. Else it is made of what is true
    when the waiting is over, and kept by a command of its own. A repeat costs one SELECT. Raises
    the command's refusals, and those of `audit.idempotency.errors`.
    """
    key = read_key(request)
    print_ = fingerprint([request.method, request.path, body])
    known = find_record(owner, key)
    if known is not None:
        return _again(known, print_)
    note = _Note(owner, key, print_, kind, about, tell)
    try:
        with waiting or nullcontext(), accompanied_by(note) as company:
            row = run(f"api:{owner}:{digest_of(key)[:40]}")
    except (Refusal, IntegrityError):
        # Perhaps only because another request with this key was faster by a hair.
        rival = find_record(owner, key)
        if rival is None:
            raise
        return _again(rival, print_)
    if note.answer is not None and company.went_along:
        return _answer(*note.answer)
    return _answer_after(note, about(row))


@dataclass(slots=True)
class _Note(Generic[Row]):
    """Goes with the command: the key's record, and the answer in it where it is known by then."""

    owner: str
    key: str
    fingerprint: str
    kind: str
    about: Callable[[Row], uuid.UUID]
    tell: Callable[[Work, Row], Presented | None] | None
    record_id: uuid.UUID = field(default_factory=uuid.uuid4)
    answer: tuple[int, str] | None = None

    def __call__(self, work: Work, row: Row) -> None:
        is_waited_for = is_taking() and bool(work.laters)
        told = self.tell(work, row) if self.tell and not is_waited_for else None
        self.answer = (told[0], json.dumps(told[1])) if told else None
        note_key(
            work,
            record_id=self.record_id,
            owner=self.owner,
            key=self.key,
            fingerprint=self.fingerprint,
            kind=self.kind,
            subject_id=self.about(row),
            answer=self.answer,
        )


def _answer_after(note: _Note[Any], subject_id: uuid.UUID) -> HttpResponse:
    """What is true now, kept by a command of its own."""
    status, text = _make_answer(note.kind, subject_id)
    try:
        return _answer(*_keep(note.record_id, status, text))
    except Refusal as refusal:
        if refusal.kind is not Kind.MISSING:
            raise
        # The command's own key had done it: for a rival, or so long ago that it was forgotten here.
        rival = find_record(note.owner, note.key)
        if rival is None:
            return _answer(status, text, replayed=True)
        return _again(rival, note.fingerprint)


def _make_answer(kind: str, subject_id: uuid.UUID) -> tuple[int, str]:
    status, told = present(kind, subject_id)
    return status, json.dumps(told)


def _keep(record_id: uuid.UUID, status: int, text: str) -> tuple[int, str]:
    """This answer, kept; or the one that somebody has kept before."""
    return keep_answer(record_id=record_id, status_code=status, answer=text, key=str(record_id))


def _again(record: Record, print_: str) -> HttpResponse:
    if record.fingerprint != print_:
        raise key_reused()
    if record.status_code is not None:
        text = unseal_secret(record.answer, place=record.place)
        return _answer(record.status_code, text, replayed=True)
    if record.in_flight_until > clock.now():
        raise key_in_flight()
    status, text = complete(record)
    return _answer(status, text, replayed=True)


def complete(record: Record) -> tuple[int, str]:
    """Give the answer that a request did not live to give, and keep it."""
    return _keep(record.pk, *_make_answer(record.subject_kind, record.subject_id))


def _answer(status: int, text: str, *, replayed: bool = False) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="application/json")
    patch_cache_control(response, no_store=True)
    if replayed:
        response["Idempotent-Replayed"] = "true"
    return response

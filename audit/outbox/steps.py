"""The rows of the outbox, made by the flush of whoever said `work.later`."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from kombu.exceptions import OperationalError

from audit.outbox.models import Message
from audit.work import Later, Work

logger = logging.getLogger(__name__)

_silent: ContextVar[bool] = ContextVar("silent_bell", default=False)


def make_messages(work: Work, laters: Sequence[Later]) -> list[Message]:
    """One row for each, and a ring of the bell once they are committed."""
    messages = _waiting(work, laters)
    taking = _taking.get()
    if taking is not None:
        _take(taking, work, messages)
    elif (
        settings.OUTBOX_BELL and not _silent.get() and any(m.next_at <= work.now for m in messages)
    ):
        transaction.on_commit(ring)
    return messages


def _waiting(work: Work, laters: Sequence[Later]) -> list[Message]:
    return [
        Message(
            task=one.task,
            kwargs=one.kwargs,
            next_at=one.due_at,
            made_at=work.now,
            command_id=work.command_id,
            request_id=work.actor.request_id[:64],
        )
        for one in laters
    ]


@dataclass(frozen=True, slots=True)
class _Taking:
    messages: list[Message]
    lease: timedelta


_taking: ContextVar[_Taking | None] = ContextVar("taking", default=None)


@contextmanager
def taken(messages: list[Message], lease: timedelta) -> Iterator[None]:
    """What is asked for inside, and due, is made already leased to the caller, and handed to him in
    `messages` once it is committed."""
    token = _taking.set(_Taking(messages, lease))
    try:
        yield
    finally:
        _taking.reset(token)


def is_taking() -> bool:
    """Whether what is asked for now is done by this process at once."""
    return _taking.get() is not None


def _take(taking: _Taking, work: Work, messages: Sequence[Message]) -> None:
    due = [one for one in messages if one.next_at <= work.now]
    for message in due:
        message.status = Message.Status.LEASED
        message.lease = uuid.uuid4()
        message.leased_until = work.now + taking.lease
        message.attempts = 1
        # As the database would give it back.
        message.kwargs = json.loads(json.dumps(message.kwargs, cls=DjangoJSONEncoder))
    # An attempt that was rolled back leaves nothing.
    transaction.on_commit(lambda: taking.messages.extend(due))


@contextmanager
def silent() -> Iterator[None]:
    """Nobody is woken: the caller empties the outbox himself (the demo)."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def is_silent() -> bool:
    """Whether nobody is to be woken now."""
    return _silent.get()


def ring() -> None:
    """Wake a worker. Without a broker the beat finds the message a few seconds later."""
    from celery import current_app

    try:
        current_app.send_task("outbox.deliver", ignore_result=True, retry=False)
    except (OperationalError, OSError):
        logger.warning("the bell did not ring; the outbox will be found by the clock")


def is_held(message_id: uuid.UUID, lease: uuid.UUID) -> bool:
    """Whether a message is still leased to who holds this lease. One SELECT."""
    rows = Message.objects.filter(pk=message_id, lease=lease, status=Message.Status.LEASED)
    return rows.exists()

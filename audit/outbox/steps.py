"""The rows of the outbox, made by the flush of whoever said `work.later`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from audit.outbox.models import Message
from audit.work import Later, Work

logger = logging.getLogger(__name__)

_silent: ContextVar[bool] = ContextVar("silent_bell", default=False)


def make_messages(work: Work, laters: Sequence[Later]) -> list[Message]:
    """One row for each, and a ring of the bell once they are committed."""
    if settings.OUTBOX_BELL and not _silent.get() and any(one.due_at <= work.now for one in laters):
        transaction.on_commit(ring)
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


@contextmanager
def silent() -> Iterator[None]:
    """Nobody is woken: the caller empties the outbox himself (the demo)."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def ring() -> None:
    """Wake a worker. Without a broker the beat finds the message a few seconds later."""
    from celery import current_app

    try:
        current_app.send_task("outbox.deliver", ignore_result=True, retry=False)
    except (OperationalError, OSError):
        logger.warning("the bell did not ring; the outbox will be found by the clock")

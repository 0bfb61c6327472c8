"""Running what is due."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from audit import clock, guard
from audit.actor import acting_as, system
from audit.errors import Busy, OutcomeUnknown
from audit.measures import MESSAGES
from audit.outbox.commands import lease_messages, postpone_message, settle_messages
from audit.outbox.handlers import TryAgain, find_handler, mourners
from audit.outbox.models import Message

logger = logging.getLogger(__name__)

BATCH = 20
AFTER = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Run:
    """The message that is being run. `is_first`: nobody can have begun with it before."""

    message_id: uuid.UUID
    lease: uuid.UUID
    is_first: bool


_running: ContextVar[Run | None] = ContextVar("running_message", default=None)


def find_run() -> Run | None:
    """The message that is being run here, if any."""
    return _running.get()


def deliver_due(limit: int = BATCH, *, in_the_past: bool = False) -> int:
    """Lease a batch and run it; returns how many were leased, so that a caller goes on until 0.

    `in_the_past` (the demo): each runs two seconds after it was asked for, by its own clock.
    Costs two commands a batch besides what the handlers do.
    """
    with acting_as(system("outbox")):
        messages = lease_messages(limit=limit)
        done = {
            one.pk: one.lease for one in messages if one.lease and run_message(one, in_the_past)
        }
        if done:
            settle_messages(leases=done)
    return len(messages)


def run_message(message: Message, in_the_past: bool = False) -> bool:
    """Run a message that was leased; whether it is done. One that failed is put back to wait."""
    handle = find_handler(message.task)
    if handle is None:
        _postpone(message, "no handler")
        return False
    guard.forget_announcements()
    token = _running.set(_run_of(message))
    try:
        return _handle(message, handle, in_the_past=in_the_past)
    finally:
        _running.reset(token)


def _run_of(message: Message) -> Run | None:
    if message.lease is None:
        return None
    # One that was revived after it died begins to count anew, and keeps its last error.
    is_first = message.attempts == 1 and not message.error
    return Run(message.pk, message.lease, is_first)


def _handle(message: Message, handle: Callable[..., None], *, in_the_past: bool) -> bool:
    when = clock.at(message.next_at + AFTER) if in_the_past else nullcontext()
    with acting_as(system(message.task, message.request_id)), when:
        try:
            handle(**message.kwargs)
        except TryAgain as later:
            _postpone(message, later.reason)
            return False
        except (Busy, OutcomeUnknown) as trouble:
            _postpone(message, type(trouble).__name__)
            return False
        except Exception as error:
            # The edge of the worker: whatever it was, the message must not be lost.
            logger.exception("%s failed", message.task)
            _postpone(message, type(error).__name__)
            return False
    MESSAGES.labels(message.task, "done").inc()
    return True


def _postpone(message: Message, error: str) -> None:
    MESSAGES.labels(message.task, "again").inc()
    if message.lease is None:
        return
    if not postpone_message(message_id=message.pk, lease=message.lease, error=error):
        return
    if tell := mourners.get(message.task):
        with acting_as(system(message.task, message.request_id)):
            tell(**message.kwargs)

"""Doing at once what a command asked for, and waiting for it no longer than one can.

A caller of the API wants the provider's answer. His message is made already leased to this
process, so that nobody else takes it, and is run by a thread of a small pool while the caller
waits. When the time is up he is told that it goes on; the thread ends what it began. When the
process dies the lease runs out and any worker takes over. When all threads hang, nobody waits:
the messages go to the workers at once. That is the bulkhead.
"""

from __future__ import annotations

import contextvars
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta

from django.db import connections

from audit.actor import acting_as, system
from audit.outbox import steps
from audit.outbox.commands import settle_messages
from audit.outbox.delivery import run_message
from audit.outbox.models import Message

logger = logging.getLogger(__name__)

THREADS = 4
LEASE = timedelta(seconds=30)
"""Longer than any provider is waited for; after it a worker may take over."""


class _Pool:
    """The threads of one process, and how many of them are free."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.executor = ThreadPoolExecutor(THREADS, thread_name_prefix="inline")
        self.free = threading.Semaphore(THREADS)


_pool: _Pool | None = None
_lock = threading.Lock()


def _get_pool() -> _Pool:
    """A forked child must not use its parent's threads."""
    global _pool
    with _lock:
        if _pool is None or _pool.pid != os.getpid():
            _pool = _Pool()
        return _pool


@contextmanager
def at_once(wait_s: float) -> Iterator[None]:
    """Run what the commands inside ask for, and come back when it is done or the time is up.

    With `wait_s` 0, or with every thread busy, the messages wait for the workers as always.
    """
    pool = _get_pool()
    if wait_s <= 0 or not pool.free.acquire(blocking=False):
        yield
        return
    mine: list[Message] = []
    future: Future[None] | None = None
    try:
        with steps.taken(mine, LEASE):
            yield
        if mine:
            context = contextvars.copy_context()
            future = pool.executor.submit(context.run, _run_all, mine)
            # From here on the thread holds the place in the pool, however long it takes.
            future.add_done_callback(lambda _done: pool.free.release())
    finally:
        if future is None:
            pool.free.release()
    if future is not None:
        _wait(future, wait_s)


def _wait(future: Future[None], wait_s: float) -> None:
    done, _still = wait([future], timeout=wait_s)
    for one in done:
        error = one.exception()
        if error is not None:
            logger.error("work at once failed: %s", type(error).__name__)


def _run_all(messages: Sequence[Message]) -> None:
    """Run the messages, and what they ask for in their turn, while the lease holds."""
    started = time.monotonic()
    waiting = list(messages)
    done: dict[uuid.UUID, uuid.UUID] = {}
    try:
        while waiting and time.monotonic() - started < LEASE.total_seconds() / 2:
            message = waiting.pop(0)
            following: list[Message] = []
            with steps.taken(following, LEASE):
                if run_message(message) and message.lease is not None:
                    done[message.pk] = message.lease
            waiting += following
        if done:
            with acting_as(system("outbox")):
                settle_messages(leases=done)
    finally:
        connections["default"].close_if_unusable_or_obsolete()

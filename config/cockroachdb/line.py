"""The line below a driver: what goes out on it, and when."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.generators import send
from psycopg.pq import ConnStatus

Driver = psycopg.Connection[Any]


class OnePiece(psycopg.Pipeline):
    """A pipeline of which nothing is sent before its end, and then all at once.

    psycopg's own sends each statement as it comes, and looks for answers each time. The first
    statement of a flush may lock a row that everybody wants: sent at once, it would hold it for as
    long as we need to prepare the rest, and on a busy machine wait for its turn besides.
    """

    # psycopg's own seams: after each statement, before answers are read, and at the end.

    def _communicate_gen(self) -> PQGen[None]:
        yield from ()

    def _fetch_gen(self, *, flush: bool) -> PQGen[None]:
        self._put_in()
        yield from super()._fetch_gen(flush=flush)

    def _exit_gen(self) -> PQGen[None]:
        self._enqueue_sync()
        self._put_in()
        yield from send(self.pgconn)
        yield from super()._fetch_gen(flush=False)

    def _put_in(self) -> None:
        """Into libpq's buffer, which sends by itself only when it is full."""
        while self.command_queue:
            self.command_queue.popleft()()


@contextmanager
def in_one_piece(driver: Driver) -> Iterator[None]:
    """The statements inside leave together, at the end, and are waited for once."""
    with driver.lock:
        driver._check_connection_ok()
        pipeline = driver._pipeline = OnePiece(driver)
    try:
        with pipeline:
            yield
    finally:
        driver._pipeline = None


def is_silent(driver: Driver) -> bool:
    """Whether nothing has come that was not asked for, least of all the end.

    A server that goes, and whatever stands between, says so, and that waits to be read; who went
    without a word is found out by the line's own keepalives. Nothing is sent for this.
    """
    if driver.closed or driver.info.status != ConnStatus.OK:
        return False
    ask = select.poll()
    ask.register(driver.fileno(), select.POLLIN)
    return not ask.poll(0)

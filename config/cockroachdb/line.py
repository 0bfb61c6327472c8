"""The socket below a driver."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import ConnStatus

Driver = psycopg.Connection[Any]

CORK = getattr(socket, "TCP_CORK", None)
"""Linux has it. Elsewhere all is sent as it comes, which is slower and as right."""


@contextmanager
def in_one_piece(driver: Driver) -> Iterator[None]:
    """What is sent inside leaves at the end, together.

    The first statement of a flush may lock a row that everybody wants. Sent at once, it would hold
    it for as long as we need to prepare the rest, and on a busy machine wait for its turn besides.
    """
    # A descriptor of our own: the driver's may be closed, and given to somebody else, inside.
    with socket.socket(fileno=os.dup(driver.fileno())) as line:
        if CORK is None or line.family == socket.AF_UNIX:
            yield
            return
        line.setsockopt(socket.IPPROTO_TCP, CORK, 1)
        try:
            yield
        finally:
            line.setsockopt(socket.IPPROTO_TCP, CORK, 0)


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

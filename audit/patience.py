"""A read that somebody waits for takes so long and no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, connection

STEPS = 20_000
"""So often SQLite looks at the clock: in steps of its virtual machine, some milliseconds."""
CUT_OFF = "57014"


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """What takes longer inside is cut off; `was_cut_off` knows its error.

    On a server that is each statement, and costs two short ones more; on SQLite all of them.
    """
    connection.ensure_connection()
    around = _sqlite if connection.vendor == "sqlite" else _server
    with around(seconds):
        yield


@contextmanager
def _sqlite(seconds: float) -> Iterator[None]:
    driver = connection.connection
    until = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > until, STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, STEPS)


@contextmanager
def _server(seconds: float) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {int(seconds * 1000)}")
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    if connection.connection is None or connection.needs_rollback:
        # The setting went with the connection, or goes with the transaction.
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
    except (DatabaseError, InterfaceError):
        if not connection.in_atomic_block:
            connection.close()


def was_cut_off(error: BaseException) -> bool:
    """Whether a statement ended because it took too long."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) == CUT_OFF or str(error) == "interrupted"

"""Faults at any statement and at any COMMIT, by chance; the same seed makes the same ones.

On a real server they are real: the server raises the error, the connection is cut (one in
twenty times; else its loss is told). On SQLite they are what its driver would raise.
"""

from __future__ import annotations

import random
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db import IntegrityError, OperationalError, connection

from tests.audit import faults

SERVER_ERROR = """
CREATE OR REPLACE FUNCTION public.fail(code text, named text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = code, CONSTRAINT = named; END $$
"""

_INTO = re.compile(r'INSERT INTO "(\w+)"')

TRULY_CUT = 0.05

Execute = Callable[..., Any]


def prepare() -> None:
    """Once for a database: PostgreSQL learns to fail."""
    if is_real():
        with connection.cursor() as cursor:
            cursor.execute(SERVER_ERROR)


def is_real() -> bool:
    """Whether there is a server that can raise them."""
    return connection.vendor != "sqlite"


class Storm:
    """One call of a command under fire. `met` tells what it met, for whoever replays a seed."""

    def __init__(self, chance: random.Random, probability: float) -> None:
        self.chance = chance
        self.probability = probability
        self.met: list[str] = []
        self.had_rival = False

    def strikes(self) -> bool:
        return self.chance.random() < self.probability

    def statement(self, execute: Execute, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not self.strikes():
            return execute(sql, params, many, context)
        kind = self.chance.choice(["40001", "40P01", "23505", "lost"])
        table = _INTO.search(sql)
        if kind == "23505" and (table is None or self.had_rival):
            # Another one with the same key is met once at most: then its row is there.
            kind = "40001"
        self.met.append(f"{kind} at {sql[:50]}")
        if kind == "lost":
            self._cut()
            return execute(sql, params, many, context)
        once = ""
        if kind == "23505":
            assert table is not None
            self.had_rival = True
            once = f"{table[1]}_once"
        return _fail(execute, kind, once, context)

    def commit(self, send: Callable[[], Any], send_failing: Callable[[], Any]) -> Any:
        if not self.strikes():
            return send()
        kind = self.chance.choice(["40001", "lost before", "lost after"])
        self.met.append(f"{kind} at COMMIT")
        if kind == "40001":
            return send_failing()
        if kind == "lost before":
            self._cut()
            return send()
        send()
        raise faults.lost()

    def _cut(self) -> None:
        """Nobody is there any more; a few times truly, because a new connection takes its time."""
        if is_real() and self.chance.random() < TRULY_CUT:
            _cut()
        else:
            raise faults.lost()


def _fail(execute: Execute, code: str, once: str, context: Any) -> Any:
    if is_real():
        return execute("SELECT public.fail(%s, %s)", [code, once], False, context)
    raise _as_sqlite_says_it(code, once)


def _as_sqlite_says_it(code: str, once: str) -> Exception:
    if code == "23505":
        unique = IntegrityError(once)
        unique.__cause__ = sqlite3.IntegrityError(f"UNIQUE constraint failed: {once}.key")
        return unique
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorname = "SQLITE_BUSY"
    error = OperationalError("database is locked")
    error.__cause__ = busy
    return error


def _cut() -> None:
    """The next thing that is sent finds nobody."""
    end = socket.socket(fileno=socket.dup(connection.connection.fileno()))
    with end, suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def storm(chance: random.Random, probability: float) -> Iterator[Storm]:
    """Faults at each statement and at each COMMIT of what runs inside."""
    wrapper: Any = connection
    over_it = Storm(chance, probability)
    pipelined = getattr(wrapper, "is_pipelined", False)
    name = "_send" if pipelined else "_commit"
    original = getattr(wrapper, name)

    def commit(*args: Any) -> Any:
        def failing() -> Any:
            if pipelined:
                wrapper._send_commit = lambda: psycopg.Cursor(wrapper.connection).execute(
                    "SELECT public.fail('40001', '')"
                )
                try:
                    return original(*args)
                finally:
                    del wrapper._send_commit
            wrapper._rollback()
            return _fail(_raw, "40001", "", {})

        return over_it.commit(lambda: original(*args), failing)

    setattr(wrapper, name, commit)
    try:
        with connection.execute_wrapper(over_it.statement):
            yield over_it
    finally:
        delattr(wrapper, name)


def _raw(sql: str, params: Any, many: bool, context: Any) -> Any:
    with connection.wrap_database_errors:
        return connection.connection.cursor().execute(sql, params)

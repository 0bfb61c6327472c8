"""Errors as the drivers raise them, at a statement or at COMMIT."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection


class SerializationFailure(psycopg.errors.SerializationFailure):
    """40001 as psycopg raises it."""


def database_error(cause: BaseException) -> OperationalError:
    """A driver's error as Django wraps it."""
    error = OperationalError(*cause.args)
    error.__cause__ = cause
    return error


def conflict() -> OperationalError:
    return database_error(SerializationFailure("restart transaction"))


def deadlock() -> OperationalError:
    return database_error(psycopg.errors.DeadlockDetected("deadlock detected"))


def lost() -> OperationalError:
    """A killed server, as it mostly shows: no SQLSTATE at all."""
    return database_error(psycopg.OperationalError("server closed the connection unexpectedly"))


def ambiguous() -> OperationalError:
    return database_error(psycopg.errors.StatementCompletionUnknown("result is ambiguous"))


@contextmanager
def at_statement(matching: str, *errors: Exception) -> Iterator[list[str]]:
    """Raise each error once, at the first statements whose SQL contains `matching`."""
    waiting = list(errors)
    met: list[str] = []

    def wrapper(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if matching in sql:
            met.append(sql)
            if waiting:
                raise waiting.pop(0)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield met


@contextmanager
def at_commit(monkeypatch: Any, *errors: Exception, done: bool) -> Iterator[list[int]]:
    """Raise each error once at COMMIT, after it was done or instead of it.

    A pipelined flush sends its COMMIT itself; the `_commit` that follows has nothing left to do.
    """
    waiting = list(errors)
    commits: list[int] = []
    wrapper: Any = connection
    together = getattr(wrapper, "is_pipelined", False)
    how = ("_send", "_send_commit") if together else ("_commit", "_rollback")
    original, instead = (getattr(wrapper, name) for name in how)

    def commit(*args: Any) -> Any:
        commits.append(len(commits))
        if not waiting:
            return original(*args)
        if done:
            original(*args)
        elif together:
            with monkeypatch.context() as patch:
                patch.setattr(wrapper, "_send_commit", fail)
                return original(*args)
        else:
            instead()
        raise waiting.pop(0)

    def fail() -> Any:
        raise waiting.pop(0)

    with monkeypatch.context() as patch:
        patch.setattr(wrapper, how[0], commit)
        yield commits

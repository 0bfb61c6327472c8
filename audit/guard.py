"""The last net: which writes may reach which tables. Always on, in every process.

*Owned* tables take writes only from a flush, *netted* ones (users, groups, allauth) only after a
Django signal has announced the write so that it is on record, the log takes INSERT alone.
Managers refuse earlier and with a better message; this sees raw SQL and third-party code too.
Cost: about half a microsecond a write.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from audit.errors import WriteBlocked

_WRITE = re.compile(
    r"""\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|REPLACE\s+INTO)"""
    r"""\s+(?:ONLY\s+)?"?(\w+)"?(?:\."?(\w+)"?)?""",
    re.IGNORECASE,
)

LONGEST_KNOWN = 4_000
"""Characters of a statement that is worth remembering: bulk ones come once."""

owned: set[str] = set()
netted: set[str] = set()
insert_only: set[str] = set()

blocked: list[str] = []
"""Every write that was refused in this process: an exception can be swallowed, this can not."""

_flushing: ContextVar[bool] = ContextVar("flushing", default=False)
_suspended: ContextVar[bool] = ContextVar("guard_suspended", default=False)
_announced: ContextVar[Counter[str] | None] = ContextVar("announced", default=None)


def is_flushing() -> bool:
    return _flushing.get()


@contextmanager
def flushing() -> Iterator[None]:
    """Only `audit.flush` opens this."""
    token = _flushing.set(True)
    try:
        yield
    finally:
        _flushing.reset(token)


@contextmanager
def suspended() -> Iterator[None]:
    """For `migrate`, which writes as it likes, and for the emptying of a test database."""
    token = _suspended.set(True)
    try:
        yield
    finally:
        _suspended.reset(token)


def is_suspended() -> bool:
    return _suspended.get()


def announce(table: str) -> None:
    """A signal says that a write to `table` follows and will be on record."""
    waiting = _announced.get()
    if waiting is None:
        waiting = Counter()
        _announced.set(waiting)
    waiting[table] += 1


def withdraw(table: str) -> None:
    """The announced write is done."""
    waiting = _announced.get()
    if waiting and waiting[table] > 0:
        waiting[table] -= 1


def forget_announcements() -> None:
    """At the start of a request or task: what an exception left behind does not count."""
    _announced.set(None)


def _may(verb: str, table: str) -> bool:
    if table in insert_only and not verb.startswith("INSERT"):
        return False
    if table in owned:
        return _flushing.get()
    if table in netted:
        waiting = _announced.get()
        return _flushing.get() or bool(waiting and waiting[table])
    return True


def _find_writes(sql: str) -> list[tuple[str, str]]:
    return [(verb.upper(), second or first) for verb, first, second in _WRITE.findall(sql)]


_writes = lru_cache(maxsize=512)(_find_writes)
"""The statements of a flush are the same texts again and again."""


def check_statement(sql: str) -> None:
    """Raises WriteBlocked for a write that no rule allows; reads cost one comparison."""
    if sql.startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA")):
        return
    if _suspended.get():
        return
    for verb, table in _writes(sql) if len(sql) <= LONGEST_KNOWN else _find_writes(sql):
        if not _may(verb, table):
            blocked.append(f"{verb} {table}")
            raise WriteBlocked(f"{verb} {table}: not through a Work or an announced signal")


def wrapper(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """The execute wrapper that every connection carries."""
    check_statement(sql)
    return execute(sql, params, many, context)


def install(connection: Any, **_: object) -> None:
    """On `connection_created`: once per connection object."""
    if wrapper not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, wrapper)

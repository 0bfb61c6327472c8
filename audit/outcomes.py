"""What an error from the database means for the command that met it.

Django wraps errors, and `Atomic.__exit__` may fail anew while it cleans up, so the truth can be in
`__cause__` or in `__context__`: both are walked.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from enum import Enum, auto
from typing import Any


class Ending(Enum):
    CONFLICT = auto()
    """Surely not committed, and a repeat may well pass."""
    REPEATED_KEY = auto()
    """Another one with the same key was faster."""
    LOST = auto()
    """The connection or the server's answer is gone: committed or not, nobody told us."""
    BROKEN = auto()
    """Anything else."""


CONFLICTS = {"40001", "40P01"}
AMBIGUOUS = {"40003", "57P01", "57P02", "57P03"}
SQLITE_CONFLICTS = {"SQLITE_BUSY", "SQLITE_LOCKED"}
_KEY_CONSTRAINT = re.compile(r"_once\b|\.key\b")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [link.__context__, link.__cause__]


def _sqlstate(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def has_sqlstate(error: BaseException, state: str) -> bool:
    """Whether the database said so, here or in what caused it."""
    return any(_sqlstate(link) == state for link in _chain(error))


def _is_conflict(error: BaseException) -> bool:
    if _sqlstate(error) in CONFLICTS:
        return True
    name = getattr(error, "sqlite_errorname", "") or ""
    return isinstance(error, sqlite3.OperationalError) and name.startswith(tuple(SQLITE_CONFLICTS))


def _is_lost(error: BaseException) -> bool:
    state = _sqlstate(error)
    if state:
        return state in AMBIGUOUS or state.startswith("08")
    # A killed server often shows as an OperationalError without any SQLSTATE.
    if isinstance(error, sqlite3.Error):
        return False
    driver = type(error).__module__.startswith("psycopg")
    lost = ("OperationalError", "InterfaceError", "AdminShutdown")
    return driver and type(error).__name__ in lost


def _is_repeated_key(error: BaseException) -> bool:
    if isinstance(error, sqlite3.IntegrityError):
        return "UNIQUE" in str(error) and bool(_KEY_CONSTRAINT.search(str(error)))
    if _sqlstate(error) != "23505":
        return False
    diag: Any = getattr(error, "diag", None)
    return bool(_KEY_CONSTRAINT.search(getattr(diag, "constraint_name", None) or str(error)))


def of(error: BaseException) -> Ending:
    """The ending of an error; a lost connection outweighs a conflict met before it."""
    links = list(_chain(error))
    if any(_is_lost(link) for link in links):
        return Ending.LOST
    if any(_is_conflict(link) for link in links):
        return Ending.CONFLICT
    if any(_is_repeated_key(link) for link in links):
        return Ending.REPEATED_KEY
    return Ending.BROKEN

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .errors import CallError
from .fields import Fields

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One merchant's call inside its transaction."""

    db: sqlite3.Connection
    target: str
    fields: Fields
    at: datetime
    quiet: bool  # its events are stored and not delivered
    key: str


@dataclass(frozen=True, slots=True)
class Question:
    """One read: what it is about, the query string, and the moment it is asked."""

    db: sqlite3.Connection
    target: str
    query: dict[str, str]
    at: datetime
    in_flight: Callable[[str], bool]  # whether a call with that key is under way

    def limit(self, default: int = 100, most: int = 1000) -> int:
        text = self.query.get("limit", str(default))
        if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= most:
            raise CallError(422, "limit_invalid", f"The limit is a number from 1 to {most}.")
        return int(text)


def get_row(db: sqlite3.Connection, table: str, identifier: str) -> sqlite3.Row:
    """One object by its id; `table` is one of this package's own names."""
    row: sqlite3.Row | None = db.execute(
        f"SELECT * FROM {table} WHERE id = ?",  # noqa: S608
        (identifier,),
    ).fetchone()
    if row is None:
        raise CallError(404, "not_found", f"There is no such object among the {table}.")
    return row

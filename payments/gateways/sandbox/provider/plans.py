import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from .clock import Clock, parse, stamp
from .store import Store, insert


@dataclass(frozen=True, slots=True)
class Due:
    """Something planned whose time has come."""

    db: sqlite3.Connection
    target: str
    at: datetime
    quiet: bool


Action = Callable[[Due], None]


def plan(db: sqlite3.Connection, kind: str, target: str, *, at: datetime, quiet: bool) -> None:
    """Let something happen at that time of the provider's clock, or at once if it is past.

    Quiet when the call that planned it is: what belongs to the past is not delivered.
    """
    insert(db, "plans", {"at": stamp(at), "kind": kind, "target": target, "quiet": quiet})


class Plans:
    """Runs what is due, in the order of its time."""

    def __init__(self, store: Store, clock: Clock, actions: Mapping[str, Action]) -> None:
        self._store = store
        self._clock = clock
        self._actions = actions

    def run_due(self) -> int:
        """Run all that is due, including what that plans in turn; how many were run."""
        count = 0
        while self._run_next():
            count += 1
        return count

    def _run_next(self) -> bool:
        now = stamp(self._clock.now())
        with self._store.reading() as db:
            if not db.execute("SELECT 1 FROM plans WHERE at <= ? LIMIT 1", (now,)).fetchone():
                return False
        with self._store.writing() as db:
            row = db.execute(
                "DELETE FROM plans WHERE sequence = "
                "(SELECT sequence FROM plans WHERE at <= ? ORDER BY at, sequence LIMIT 1) "
                "RETURNING *",
                (now,),
            ).fetchone()
            if row is None:
                return False
            due = Due(db, row["target"], parse(row["at"]), bool(row["quiet"]))
            self._actions[row["kind"]](due)
        return True

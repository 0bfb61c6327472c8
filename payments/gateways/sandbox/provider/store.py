import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import StartError

VERSION = 3

SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE authorizations (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    reference TEXT NOT NULL,
    card TEXT NOT NULL,
    currency TEXT NOT NULL,
    capture TEXT NOT NULL,
    status TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    approved_amount INTEGER NOT NULL CHECK (approved_amount BETWEEN 0 AND amount),
    captured_amount INTEGER NOT NULL DEFAULT 0 CHECK (captured_amount >= 0),
    voided_amount INTEGER NOT NULL DEFAULT 0 CHECK (voided_amount >= 0),
    expired_amount INTEGER NOT NULL DEFAULT 0 CHECK (expired_amount >= 0),
    refunded_amount INTEGER NOT NULL DEFAULT 0
        CHECK (refunded_amount BETWEEN 0 AND captured_amount),
    avs_result TEXT,
    cvv_result TEXT,
    three_ds TEXT,
    network TEXT NOT NULL,
    network_transaction_id TEXT NOT NULL,
    network_response_code TEXT,
    decline_code TEXT,
    decline_message TEXT,
    latest_capture TEXT,
    expires_at TEXT NOT NULL,
    created TEXT NOT NULL,
    key TEXT,
    CHECK (captured_amount + voided_amount + expired_amount <= approved_amount)
);
CREATE TABLE captures (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    authorization TEXT NOT NULL,
    reference TEXT,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    refunded_amount INTEGER NOT NULL DEFAULT 0 CHECK (refunded_amount BETWEEN 0 AND amount),
    status TEXT NOT NULL,
    created TEXT NOT NULL
);
CREATE INDEX captures_authorization ON captures (authorization);
CREATE TABLE increments (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    authorization TEXT NOT NULL,
    reference TEXT,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    status TEXT NOT NULL,
    created TEXT NOT NULL
);
CREATE INDEX increments_authorization ON increments (authorization);
CREATE TABLE voids (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    authorization TEXT NOT NULL,
    capture TEXT,
    reference TEXT,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    status TEXT NOT NULL,
    created TEXT NOT NULL
);
CREATE INDEX voids_authorization ON voids (authorization);
CREATE TABLE refunds (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    authorization TEXT NOT NULL,
    capture TEXT,
    reference TEXT,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    status TEXT NOT NULL,
    arn TEXT NOT NULL,
    failure_reason TEXT,
    failed_at TEXT,
    created TEXT NOT NULL
);
CREATE INDEX refunds_authorization ON refunds (authorization);
CREATE TABLE refund_parts (
    refund TEXT NOT NULL,
    capture TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    PRIMARY KEY (refund, capture)
) WITHOUT ROWID;
CREATE TABLE operations (
    sequence INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    object TEXT NOT NULL,
    object_id TEXT NOT NULL,
    answer TEXT NOT NULL,
    created TEXT NOT NULL
);
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    about TEXT NOT NULL,
    data TEXT NOT NULL,
    created TEXT NOT NULL,
    waiting INTEGER NOT NULL
);
CREATE INDEX events_about ON events (about, sequence);
CREATE INDEX events_waiting ON events (sequence) WHERE waiting;
CREATE TABLE deliveries (
    sequence INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    manner TEXT NOT NULL,
    due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting',
    last_status INTEGER,
    last_error TEXT
);
CREATE INDEX deliveries_due ON deliveries (due, sequence) WHERE state = 'waiting';
CREATE INDEX deliveries_event ON deliveries (event);
CREATE TABLE plans (
    sequence INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    quiet INTEGER NOT NULL
);
CREATE INDEX plans_at ON plans (at, sequence);
"""
UPGRADES = {
    1: "ALTER TABLE voids ADD COLUMN capture TEXT;",
    2: "ALTER TABLE authorizations ADD COLUMN key TEXT;",
}
"""What brings the file of a version to the next one."""


class Store:
    """One SQLite file, one connection, one writer at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=5
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise StartError(f"cannot open the store {path}: {error}") from error

    def _prepare(self) -> None:
        self._db.row_factory = sqlite3.Row
        # A simulator's store may lose its last moments with the machine's power.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        while found in UPGRADES:
            found += 1
            self._db.executescript(
                f"BEGIN; {UPGRADES[found - 1]} PRAGMA user_version = {found}; COMMIT;"
            )
        if found not in (0, VERSION):
            raise StartError(f"the store has version {found}, not {VERSION}: remove its file")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing of it."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        # Not waiting for long: a process told to end must end, and WAL needs no farewell.
        if self._lock.acquire(timeout=1):
            self._db.close()


def insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Add one row; table and column names are this package's own words."""
    columns = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608

"""Whether this process can do its work now.

What cannot be repaired by sending people elsewhere (a backlog of the outbox) is said, and does not
make a process unready unless `READY_OUTBOX_LAG_S` says from when on it shall.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from audit.measures import lag_of_outbox

LARGEST_DIFFERENCE_S = 2.0
"""Leases, sealing and one-time codes stand on the clock. CockroachDB itself bears half a second."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `said` is for operators and holds no data."""

    name: str
    is_well: bool
    said: str


_migrated: set[str] = set()


def findings() -> list[Finding]:
    """The database first: without it nothing else is asked."""
    try:
        found = [_database(), _clock(), _migrations(), _outbox()]
    except (DatabaseError, InterfaceError) as error:
        connection.close()
        return [Finding("database", False, type(error).__name__)]
    return found


def _database() -> Finding:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return Finding("database", True, f"answers in {(time.perf_counter() - began) * 1000:.1f} ms")


def _clock() -> Finding:
    """Our clock against the database's, halfway through the question."""
    asked = time.time()
    theirs = _database_time()
    ours = (asked + time.time()) / 2
    difference = ours - theirs.timestamp()
    return Finding("clock", abs(difference) <= LARGEST_DIFFERENCE_S, f"{difference:+.2f} s")


def _database_time() -> datetime:
    is_sqlite = connection.vendor == "sqlite"
    sql = "SELECT strftime('%Y-%m-%d %H:%M:%f')" if is_sqlite else "SELECT clock_timestamp()"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        said = cursor.fetchone()[0]
    moment = datetime.fromisoformat(said) if isinstance(said, str) else said
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _migrations() -> Finding:
    # Ours cannot become fewer while this process runs, so that a yes stays true.
    place = str(connection.settings_dict["NAME"])
    if place not in _migrated:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            return Finding("migrations", False, f"{len(waiting)} to apply")
        _migrated.add(place)
    return Finding("migrations", True, "all applied")


def _outbox() -> Finding:
    lag_s = max((read() for read in lag_of_outbox), default=0.0)
    most_s = settings.READY_OUTBOX_LAG_S
    return Finding("outbox", not most_s or lag_s <= most_s, f"{lag_s:.0f} s behind")

"""Errors of every kind in the middle of a flush, in many threads, and what they leave behind.

Also run by `make bench`, with 500 of them.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, OperationalError, ProgrammingError, connection
from django.db.models import Sum
from psycopg.pq import PipelineStatus, TransactionStatus

from audit.actor import acting_as, system
from audit.command import command
from audit.errors import KernelError, RecordUnavailable, Refusal
from audit.models import LogEntry
from audit.reads import Wanted
from audit.work import Work
from tests.audit.toys.models import Box, Purse, Toy

Execute = Callable[..., Any]
Injury = Callable[[Execute, str, Any, Any], Any]

FULL = 1_000_000
STATEMENTS = 6
"""Of one `spend`: two to read, four to write."""

FAIL = """
CREATE OR REPLACE FUNCTION public.fail(code text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = code; END $$
"""


@command("toys.purse.spent", moves_money=True)
def spend(work: Work, *, purse_id: uuid.UUID, box_id: uuid.UUID, minor: int, key: str) -> Toy:
    """Every kind of statement: a take, an INSERT, an UPDATE, the log."""
    done, boxes = work.replay_or_find(Toy, Wanted(Box, {"id": box_id}))
    if done is not None:
        return done
    [box] = boxes
    work.take(Purse(pk=purse_id), minor, Refusal("empty", "Not enough."))
    work.change(box, label=key)
    toy = Toy(key=key, fingerprint=work.fingerprint, name="bought", count=minor)
    work.add(toy)
    return toy


@dataclass(frozen=True)
class Kind:
    """One way to fail: what is done to a statement, and how the command ends."""

    name: str
    injure: Injury
    ends: type[BaseException] | None
    """None: it is tried again and done."""
    matching: str = ""
    """Only a statement with this in it; any statement when it is empty."""


def _failing(code: str) -> Injury:
    def instead(execute: Execute, _sql: str, _params: Any, context: Any) -> Any:
        return execute("SELECT public.fail(%s)", [code], False, context)

    return instead


def _beside(sql: str) -> None:
    with connection.wrap_database_errors:
        connection.connection.cursor().execute(sql)


def _killed(execute: Execute, sql: str, params: Any, context: Any) -> Any:
    _beside("SELECT pg_terminate_backend(pg_backend_pid())")
    return execute(sql, params, False, context)


def _late(execute: Execute, _sql: str, _params: Any, context: Any) -> Any:
    _beside("SET LOCAL statement_timeout = 5")
    return execute("SELECT pg_sleep(5)", None, False, context)


def _misspelt(execute: Execute, _sql: str, _params: Any, context: Any) -> Any:
    return execute("SELEC 1", None, False, context)


def _strange(execute: Execute, sql: str, params: Any, context: Any) -> Any:
    return execute(sql, [object(), *params[1:]], False, context)


def _interrupted(*_: Any) -> Any:
    raise KeyboardInterrupt


def _missing(execute: Execute, sql: str, params: Any, context: Any) -> Any:
    return execute(sql, [*params[:-1], uuid.uuid4()], False, context)


def _greedy(execute: Execute, sql: str, params: Any, context: Any) -> Any:
    return execute(sql, [*params[:-1], FULL * 2], False, context)


KINDS = [
    Kind("unique", _failing("23505"), IntegrityError),
    Kind("check", _failing("23514"), IntegrityError),
    Kind("foreign key", _failing("23503"), IntegrityError),
    Kind("40001", _failing("40001"), None),
    Kind("40P01", _failing("40P01"), None),
    Kind("40003", _failing("40003"), None),
    Kind("statement timeout", _late, OperationalError),
    Kind("syntax", _misspelt, ProgrammingError),
    Kind("bad parameter", _strange, ProgrammingError),
    Kind("KeyboardInterrupt", _interrupted, KeyboardInterrupt),
    Kind("backend killed", _killed, None),
    Kind("0 rows", _missing, KernelError, matching='UPDATE "toys_box"'),
    Kind("refusal", _greedy, Refusal, matching='UPDATE "toys_purse"'),
]


@contextmanager
def injured(kind: Kind, number: int) -> Iterator[list[str]]:
    """Injure one statement: the first that matches, or the one of this number.

    What is not tried again is injured again when a true conflict was faster and it was.
    """
    met: list[str] = []
    seen: list[str] = []

    def wrapper(execute: Execute, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        is_it = kind.matching in sql if kind.matching else len(seen) == number
        if (is_it and not met) or (kind.ends and sql in met):
            met.append(sql)
            return kind.injure(execute, sql, params, context)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield met


@dataclass
class Found:
    """What the threads met. `wrong` names each thing that should not be."""

    errors: int = 0
    done: int = 0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@command("toys.purse.filled")
def _fill(work: Work, *, purse_id: uuid.UUID, box_id: uuid.UUID) -> None:
    work.add(Purse(pk=purse_id, balance_minor=FULL), Box(pk=box_id, label="full"))


def injure(errors: int, threads: int, seed: int = 0) -> Found:
    """So many commands, each with one error in it, and what they left behind."""
    with connection.cursor() as cursor:
        cursor.execute(FAIL)
    found = Found()
    running = [
        threading.Thread(target=_run, args=(found, errors // threads, f"{seed}/{number}"))
        for number in range(threads)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return found


def _run(found: Found, errors: int, seed: str) -> None:
    chance = random.Random(seed)
    purse_id, box_id = uuid.uuid4(), uuid.uuid4()
    wrong: list[str] = []
    try:
        with acting_as(system("injuries")):
            _fill(purse_id=purse_id, box_id=box_id)
            for number in range(errors):
                kind = KINDS[number % len(KINDS)]
                key = f"{seed}/{number}"
                wrong += _once(kind, chance, purse_id=purse_id, box_id=box_id, key=key)
            wrong += _inconsistencies(seed, purse_id)
        done = Toy.objects.filter(key__startswith=f"{seed}/").count()
    except BaseException as error:  # noqa: BLE001
        wrong.append(f"{seed}: ended with {error!r}")
        done = 0
    finally:
        connection.close()
    with found.lock:
        found.errors += errors
        found.done += done
        found.wrong += wrong


def _once(
    kind: Kind, chance: random.Random, *, purse_id: uuid.UUID, box_id: uuid.UUID, key: str
) -> list[str]:
    """One command with one error: how it ended, whether it was done, how the connection is."""
    ended: BaseException | None = None
    with injured(kind, chance.randint(1, STATEMENTS)) as met:
        try:
            spend(purse_id=purse_id, box_id=box_id, minor=chance.randint(1, 9), key=key)
        except BaseException as error:  # noqa: BLE001
            ended = error
    where = f"{key} ({kind.name} at {met[0][:40] if met else 'nothing'})"
    expected: tuple[type[Any], ...] = (kind.ends or type(None),)
    if kind.ends and met and "audit_logentry" in met[0]:
        expected += (RecordUnavailable,)
    wrong = []
    if not isinstance(ended, expected):
        wrong.append(f"{where}: ended with {ended!r}")
    if Toy.objects.filter(key=key).exists() != (kind.ends is None):
        wrong.append(f"{where}: done and told otherwise, or the other way round")
    if not _is_clean():
        wrong.append(f"{where}: a dirty connection")
    return wrong


def _is_clean() -> bool:
    info = connection.connection.info
    clean = (TransactionStatus.IDLE, PipelineStatus.OFF)
    return (info.transaction_status, info.pipeline_status) == clean


def _inconsistencies(seed: str, purse_id: uuid.UUID) -> list[str]:
    toys = Toy.objects.filter(key__startswith=f"{seed}/")
    spent = toys.aggregate(spent=Sum("count"))["spent"] or 0
    left = Purse.objects.get(pk=purse_id).balance_minor
    entries = LogEntry.objects.filter(
        event="toys.purse.spent", outcome="done", object_pk__in=[str(toy.pk) for toy in toys]
    )
    wrong = []
    if left + spent != FULL:
        wrong.append(f"{seed}: {left} left and {spent} spent of {FULL}")
    if entries.count() != toys.count():
        wrong.append(f"{seed}: {toys.count()} rows and {entries.count()} entries")
    return wrong

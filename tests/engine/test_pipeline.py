"""A flush as one pipeline: fewer waits, and everything else as it was."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext
from psycopg.pq import PipelineStatus, TransactionStatus

from audit import guard
from audit.actor import Actor
from audit.command import command
from audit.errors import Refusal, WriteBlocked
from audit.models import LogEntry
from audit.work import Work
from tests.audit.toys.models import Box, Purse, Toy
from tests.engine.injuries import FULL, KINDS, STATEMENTS, injure, spend
from tests.engine.proxy import Proxy, server_address, through

pytestmark = pytest.mark.django_db(transaction=True)

ACTIVITY = "SELECT state FROM pg_stat_activity WHERE pid = %s"


@command("toys.purse.filled")
def fill(work: Work, *, minor: int = FULL) -> tuple[uuid.UUID, uuid.UUID]:
    purse, box = Purse(balance_minor=minor), Box(label="full")
    work.add(purse, box)
    return purse.pk, box.pk


@pytest.fixture
def ours(somebody: Actor) -> tuple[uuid.UUID, uuid.UUID]:
    return fill()


@pytest.fixture
def proxy(ours: Any) -> Iterator[Proxy]:
    with Proxy(server_address()) as proxy, through(proxy):
        # Content types are asked for once, and a read is prepared at its second use.
        buy(ours, key="first")
        buy(ours, key="second")
        proxy.reset()
        yield proxy


def status() -> TransactionStatus:
    found: TransactionStatus = connection.connection.info.transaction_status
    return found


def buy(ours: tuple[uuid.UUID, uuid.UUID], key: str = "k", minor: int = 5) -> Toy:
    return spend(purse_id=ours[0], box_id=ours[1], minor=minor, key=key)


def test_a_command_waits_once_for_its_key_and_its_row_and_once_for_all_it_writes(
    ours: Any, proxy: Proxy
) -> None:
    buy(ours)
    assert proxy.reset().round_trips == 2
    assert Purse.objects.get().balance_minor == FULL - 15


def test_without_the_pipeline_each_statement_is_waited_for(
    ours: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "is_pipelined", False)
    buy(ours)
    assert proxy.reset().round_trips == 7, "the BEGIN that is owed goes with the first read"


def test_a_transaction_in_which_nothing_is_asked_sends_nothing(proxy: Proxy) -> None:
    with transaction.atomic():
        pass
    assert proxy.reset().round_trips == 0


def test_the_log_of_queries_tells_each_statement_with_its_values(ours: Any) -> None:
    buy(ours)
    with CaptureQueriesContext(connection) as queries:
        buy(ours, key="seen")
    told = [one["sql"] for one in queries]
    assert [sql.split()[0] for sql in told] == [
        "BEGIN",
        "SELECT",
        "SELECT",
        "WITH",
        "INSERT",
        "WITH",
        "INSERT",
        "COMMIT",
    ]
    assert "'seen'" in told[4]


def test_the_guard_sees_each_statement_of_a_pipeline(
    ours: Any, nothing_was_blocked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "is_flushing", lambda: False)
    guard.insert_only.add("toys_box")
    try:
        with pytest.raises(WriteBlocked):
            buy(ours)
    finally:
        guard.insert_only.discard("toys_box")
    assert nothing_was_blocked == ["UPDATE toys_box"]
    nothing_was_blocked.clear()
    assert Toy.objects.count() == 0
    assert Purse.objects.get().balance_minor == FULL
    assert status() == TransactionStatus.IDLE


def test_what_is_promised_for_after_commit_is_done_after_it(ours: Any) -> None:
    seen: list[int] = []

    @command("toys.toy.promised")
    def promise(work: Work) -> None:
        work.add(Box(label="promised"))
        transaction.on_commit(lambda: seen.append(Box.objects.filter(label="promised").count()))

    promise()
    assert seen == [1]


def test_nothing_is_sent_between_the_flush_and_the_end(ours: Any) -> None:
    engine: Any = connection
    with transaction.atomic(durable=True):
        engine.send_together([])
        with pytest.raises(transaction.TransactionManagementError, match="comes last"):
            Box.objects.count()
    assert Box.objects.count() == 1, "and the connection is as good as new"


def test_a_refusal_of_a_take_stays_that_refusal(ours: Any) -> None:
    with pytest.raises(Refusal, match="empty"):
        buy(ours, minor=FULL + 1)
    assert Purse.objects.get().balance_minor == FULL
    assert Toy.objects.count() == 0
    assert LogEntry.objects.get(outcome="denied").additional_data == {"refusal": "empty"}


def test_copy_begins_the_transaction_that_is_owed(rival: BaseDatabaseWrapper, ours: Any) -> None:
    class Undone(Exception):
        pass

    def copy_and_fail() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy("COPY toys_box (id, label) FROM STDIN") as copy:
                copy.write_row([uuid.uuid4(), "copied"])
            raise Undone

    with guard.suspended(), pytest.raises(Undone):
        copy_and_fail()
    assert not Box.objects.filter(label="copied").exists()


def test_several_statements_in_one_text_begin_it_too(ours: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '1MB'; SELECT 1")
        assert status() == TransactionStatus.INTRANS
    assert status() == TransactionStatus.IDLE


def test_a_transaction_rolled_back_by_hand_leaves_nothing(ours: Any) -> None:
    with guard.suspended(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE toys_purse SET balance_minor = 0")
        transaction.set_rollback(True)
    assert Purse.objects.get().balance_minor == FULL


def prepared() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return {row[0] for row in cursor}


def test_what_is_prepared_outlives_a_rollback_that_prepared_nothing(ours: Any) -> None:
    for key in ("first", "second", "third"):
        buy(ours, key=key)
    before = prepared()
    assert len(before) >= STATEMENTS
    with pytest.raises(Refusal, match="empty"):
        buy(ours, key="fourth", minor=FULL + 1)
    assert before <= prepared()
    assert buy(ours, key="fifth").count == 5


def test_a_statement_that_was_to_be_prepared_in_what_failed_is_prepared_anew(ours: Any) -> None:
    connection.close()
    buy(ours, key="first")
    # At the second use all of the flush is to be prepared, and nothing after the take is done.
    with pytest.raises(Refusal, match="empty"):
        buy(ours, key="second", minor=FULL + 1)
    assert not prepared()
    for key in ("third", "fourth", "fifth"):
        buy(ours, key=key)
    assert Purse.objects.get().balance_minor == FULL - 20


def test_a_flush_leaves_in_one_piece(ours: Any) -> None:
    """The server has heard nothing of it while its last statement is put in: it is not at work."""
    buy(ours, key="before")
    seen: list[str] = []
    driver = connection.connection
    with psycopg.connect(driver.info.dsn, autocommit=True) as other:

        def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if driver.info.pipeline_status != PipelineStatus.OFF:
                for _ in range(20):
                    found = other.execute(ACTIVITY, [driver.info.backend_pid]).fetchone()
                    seen.extend(found or [])
            return execute(sql, params, many, context)

        with connection.execute_wrapper(look):
            buy(ours)
            with pytest.raises(Refusal, match="empty"):
                buy(ours, key="other", minor=FULL + 1)
    assert len(seen) >= 2 * 4 * 20
    assert "active" not in seen
    assert Box.objects.count() == 1


def test_an_interruption_while_it_waits_leaves_a_clean_connection(ours: Any) -> None:
    def tarry(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "toys_box" in sql and sql.startswith("WITH"):
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            return execute("SELECT pg_sleep(20)", None, False, context)
        return execute(sql, params, many, context)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with connection.execute_wrapper(tarry), pytest.raises(KeyboardInterrupt):
            buy(ours)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert buy(ours).count == 5
    assert Toy.objects.count() == 1
    assert Purse.objects.get().balance_minor == FULL - 5


def test_errors_of_every_kind_on_four_threads_leave_nothing_half_done(somebody: Actor) -> None:
    found = injure(errors=4 * 3 * len(KINDS), threads=4)
    assert found.wrong == []
    assert found.errors == 4 * 3 * len(KINDS)
    again = sum(kind.ends is None for kind in KINDS)
    assert found.done == 4 * 3 * again

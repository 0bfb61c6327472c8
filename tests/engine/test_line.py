"""What is known of a connection without asking the server."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import PipelineStatus

from audit import reads
from audit.models import LogEntry
from config.cockroachdb.line import in_one_piece, is_silent
from tests.engine.proxy import Proxy, server_address, through
from tests.kill.house import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def ask_for_one() -> None:
    reads.find(reads.Wanted(LogEntry, {"id": uuid.uuid4()}))


def ask_for_two() -> None:
    wanted = reads.Wanted(LogEntry, {"id": uuid.uuid4()})
    reads.find_all(wanted, wanted)


def ask_in_a_transaction() -> None:
    with transaction.atomic():
        ask_for_two()


def ask_with_the_orm() -> None:
    assert not LogEntry.objects.filter(pk=uuid.uuid4()).exists()


ASKING = pytest.mark.parametrize("ask", [ask_for_one, ask_for_two, ask_with_the_orm])


@contextmanager
def a_request_that_begins() -> Iterator[None]:
    """As Django leaves the connection at the signal of a request, with health checks on."""
    db: Any = connection
    db.health_check_enabled, db.health_check_done = True, False
    yield
    db.health_check_enabled = False


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """With a connection through it that has been used, and a request that begins now."""
    with Proxy(server_address()) as proxy, through(proxy):
        ask_for_one()
        ask_for_two()
        ask_with_the_orm()
        proxy.reset()
        with a_request_that_begins():
            yield proxy


@ASKING
def test_the_first_question_of_a_request_is_the_only_one(
    ask: Callable[[], None], proxy: Proxy
) -> None:
    ask()
    assert proxy.reset().round_trips == 1


def test_neither_is_there_another_before_a_transaction(proxy: Proxy) -> None:
    ask_in_a_transaction()
    assert proxy.reset().round_trips == 2, "the question, and the end of the transaction"


@pytest.mark.parametrize("ask", [ask_for_one, ask_for_two, ask_in_a_transaction, ask_with_the_orm])
def test_a_connection_that_has_ended_is_replaced_before_it_is_used(
    ask: Callable[[], None], proxy: Proxy
) -> None:
    before = connection.connection
    proxy.cut_all()
    wait_until(lambda: not is_silent(before), "the end of the line")
    ask()
    assert connection.connection is not before


def test_a_connection_that_had_trouble_is_asked(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection.is_usable()
    assert proxy.reset().round_trips == 0
    monkeypatch.setattr(connection, "errors_occurred", True)
    assert connection.is_usable()
    assert proxy.reset().round_trips == 1


def test_a_line_on_which_something_has_come_is_asked(
    proxy: Proxy, rival: BaseDatabaseWrapper
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("LISTEN somebody")
    with rival.cursor() as cursor:
        cursor.execute("NOTIFY somebody")
    wait_until(lambda: not is_silent(connection.connection), "a word")
    proxy.reset()
    assert connection.is_usable()
    assert proxy.reset().round_trips == 1


def test_a_closed_connection_is_not_usable() -> None:
    connection.ensure_connection()
    connection.connection.close()
    assert not connection.is_usable()
    connection.close()


def test_what_is_read_inside_a_pipeline_is_sent_before_it_is_waited_for() -> None:
    connection.ensure_connection()
    driver: Any = connection.connection
    with in_one_piece(driver):
        first, second = driver.execute("SELECT 1"), driver.execute("SELECT 2")
        assert first.fetchone() == (1,)
        third = driver.execute("SELECT 3")
    assert (second.fetchone(), third.fetchone()) == ((2,), (3,))


def test_more_than_a_buffer_holds_goes_through_both_ways() -> None:
    connection.ensure_connection()
    driver: Any = connection.connection
    long = "x" * 3_000_000
    with in_one_piece(driver):
        asked = [driver.execute("SELECT %s", [long]) for _ in range(8)]
    assert [len(one.fetchone()[0]) for one in asked] == [len(long)] * 8


def test_a_pipeline_that_fails_leaves_the_line_as_it_was() -> None:
    connection.ensure_connection()
    driver: Any = connection.connection

    def send(*, breaks: bool) -> None:
        with in_one_piece(driver):
            driver.execute("SELECT 1 / 0")
            if breaks:
                raise RuntimeError("ours")
            driver.execute("SELECT 2")

    with pytest.raises(psycopg.errors.DivisionByZero):
        send(breaks=False)
    with pytest.raises(RuntimeError, match="ours"):
        send(breaks=True)
    assert driver.execute("SELECT 4").fetchone() == (4,)
    assert driver.info.pipeline_status == PipelineStatus.OFF

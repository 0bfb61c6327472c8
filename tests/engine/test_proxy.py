"""The network that the tests put before the server does what it is told, and tells what it saw."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from tests.engine.proxy import Proxy, When, proxy_process, server_address, through
from tests.engine.wire import Client, Message, Splitter
from tests.processes import answer_of, fork

Link = psycopg.Connection[Any]
Way = Callable[[Link, int], None]

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def table(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE written (number int PRIMARY KEY)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE written")


@pytest.fixture
def proxy(table: None) -> Iterator[Proxy]:
    with Proxy(server_address()) as one:
        yield one


def connect(address: str) -> Link:
    host, port = address.split(":")
    settings = connection.settings_dict
    return psycopg.connect(host=host, port=port, user=settings["USER"], dbname=settings["NAME"])


def written() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM written ORDER BY number")
        return [number for (number,) in cursor.fetchall()]


def write(link: Link, number: int) -> None:
    link.execute("INSERT INTO written VALUES (%s)", [number])


def write_piped(link: Link, number: int) -> None:
    """BEGIN, what there is to do, and COMMIT, in one pipeline."""
    link.autocommit = True
    with link.pipeline():
        link.execute("BEGIN", prepare=False)
        write(link, number)
        link.execute("COMMIT", prepare=True)


def write_plain(link: Link, number: int) -> None:
    write(link, number)
    link.commit()


ways = pytest.mark.parametrize("way", [write_plain, write_piped])


@ways
@pytest.mark.parametrize(("when", "there"), [("before", []), ("after", [7])])
def test_a_connection_is_lost_at_commit_and_the_work_is_there_or_not(
    proxy: Proxy, way: Way, when: When, there: list[int]
) -> None:
    proxy.cut_next(when)
    link = connect(proxy.address)
    with pytest.raises(psycopg.OperationalError) as lost:
        way(link, 7)
    assert lost.value.sqlstate is None, "nobody says what became of it"
    assert link.broken
    assert written() == there
    assert (proxy.counts.cut_before, proxy.counts.cut_after) == (not there, bool(there))


def test_a_prepared_commit_is_seen_when_its_text_is_no_longer_sent(proxy: Proxy) -> None:
    link = connect(proxy.address)
    for number in range(3):
        write_piped(link, number)
    assert proxy.counts.commits == 3
    proxy.cut_next("before")
    with pytest.raises(psycopg.OperationalError):
        write_piped(link, 3)
    assert written() == [0, 1, 2]


def test_the_same_seed_cuts_at_the_same_commits(proxy: Proxy) -> None:
    def ends(seed: int) -> list[str]:
        with Proxy(server_address(), probability=0.3, seed=seed) as one:
            told = []
            for _ in range(6):
                link = connect(one.address)
                for _ in range(20):
                    try:
                        link.execute("SELECT 1")
                        link.commit()
                    except psycopg.OperationalError:
                        break
                told.append(f"{one.counts.commits} {one.counts.cut_before}")
                link.close()
            return told

    assert ends(1) == ends(1)
    assert ends(1) != ends(2)


def test_round_trips_are_what_somebody_waited_for(proxy: Proxy) -> None:
    link = connect(proxy.address)
    link.execute("SELECT 1")  # opens a transaction
    proxy.reset()
    link.execute("SELECT 1")
    link.execute("SELECT 2")
    link.commit()
    assert (proxy.counts.round_trips, proxy.counts.syncs) == (3, 3)
    proxy.reset()
    write_piped(link, 1)
    counts = proxy.reset()
    assert (counts.round_trips, counts.syncs, counts.commits) == (1, 1, 1)


def test_each_round_trip_takes_the_delay_once(proxy: Proxy) -> None:
    link = connect(proxy.address)
    link.autocommit = True
    proxy.delay_s = 0.02
    began = time.perf_counter()
    for _ in range(5):
        link.execute("SELECT 1")
    took = time.perf_counter() - began
    assert took >= 5 * 0.02
    began = time.perf_counter()
    with link.pipeline():
        for _ in range(20):
            link.execute("SELECT 1")
    assert time.perf_counter() - began < 20 * 0.02, "a pipeline waits once"


def test_the_last_words_of_the_server_come_through(proxy: Proxy) -> None:
    link = connect(proxy.address)
    pid = link.info.backend_pid
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(psycopg.errors.AdminShutdown):
        link.execute("SELECT 1")


def test_all_connections_are_cut_and_new_ones_made(proxy: Proxy) -> None:
    links = [connect(proxy.address) for _ in range(3)]
    proxy.cut_all()
    for link in links:
        with pytest.raises(psycopg.OperationalError):
            link.execute("SELECT 1")
    assert connect(proxy.address).execute("SELECT 1").fetchone() == (1,)


def test_a_closed_proxy_lets_nobody_in(proxy: Proxy) -> None:
    proxy.close()
    with pytest.raises(psycopg.OperationalError):
        connect(proxy.address)


def test_django_and_its_children_go_through_it(proxy: Proxy) -> None:
    def insert() -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO written VALUES (1)")
        return 1

    with through(proxy):
        assert answer_of(fork(insert)) == (0, 1)
    assert proxy.counts.commits == 1
    commits = proxy.counts.commits
    assert written() == [1]
    assert proxy.counts.commits == commits, "and afterwards no longer"


def test_a_proxy_of_its_own_process_counts_and_ends() -> None:
    with proxy_process(server_address(), delay_s=0.01) as proxy:
        link = connect(proxy.address)
        proxy.reset()
        write_plain(link, 1)
        counts = proxy.reset()
        assert (counts.round_trips, counts.commits) == (3, 1), "BEGIN, INSERT, COMMIT"
        proxy.set(delay_s=0, probability=1)
        with pytest.raises(psycopg.OperationalError):
            write_plain(link, 2)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_messages_are_whole_whatever_pieces_they_arrive_in(size: int) -> None:
    opening = (12).to_bytes(4) + (196608).to_bytes(4) + b"abcd"
    query = b"Q" + (11).to_bytes(4) + b"commit\0"
    stream = opening + query
    splitter = Splitter(opening=True)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [one.raw for piece in pieces for one in splitter.feed(piece)] == [opening, query]


@pytest.mark.parametrize(
    ("sql", "is_commit"),
    [(b"COMMIT", True), (b" commit;", True), (b"END", True), (b"SELECT 'COMMIT'", False)],
)
def test_a_commit_is_told_from_what_only_names_it(sql: bytes, is_commit: bool) -> None:
    assert Client().is_commit(Message(b"Q", b"Q\0\0\0\0" + sql + b"\0")) is is_commit

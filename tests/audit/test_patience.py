"""A read that takes too long is cut off, and the connection is as good as before."""

from __future__ import annotations

import time

import pytest
from django.db import DatabaseError, OperationalError, connection

from audit.patience import at_most, was_cut_off

pytestmark = pytest.mark.django_db(transaction=True)

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "server": "SELECT pg_sleep(60)",
}


def run_endless() -> None:
    with connection.cursor() as cursor:
        cursor.execute(ENDLESS.get(connection.vendor, ENDLESS["server"]))


def test_statement_that_takes_too_long_is_cut_off() -> None:
    started = time.monotonic()
    with pytest.raises(OperationalError) as error, at_most(0.2):
        run_endless()
    assert time.monotonic() - started < 20
    assert was_cut_off(error.value)


def test_connection_works_on_without_a_limit_afterwards() -> None:
    with pytest.raises(OperationalError), at_most(0.2):
        run_endless()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
        if connection.vendor != "sqlite":
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)


def test_other_errors_are_not_taken_for_it() -> None:
    with pytest.raises(DatabaseError) as error, at_most(5), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM nowhere")
    assert not was_cut_off(error.value)

"""What comes from the server, as Python has it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest
from django.db import DataError, connection

from config.cockroachdb.loading import STOCK, TIMESTAMPTZ, UtcLoader

pytestmark = pytest.mark.django_db(transaction=True)

MOMENTS = [
    "2026-11-27T05:34:12.000001+00:00",
    "2026-02-28T23:59:59+00:00",
    "0001-01-01T00:00:00+00:00",
    "9999-12-31T23:59:59.999999+00:00",
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_moment_is_what_was_written_in_utc(moment: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, ARRAY[%s::timestamptz, NULL]", [moment, moment])
        found, (same, nothing) = cursor.fetchone()
    assert found == same == dt.datetime.fromisoformat(moment)
    assert found.tzinfo is dt.UTC
    assert nothing is None


def test_a_moment_that_python_does_not_know_is_an_error_of_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'infinity'::timestamptz")
        with pytest.raises(DataError):
            cursor.fetchone()


def test_moments_are_read_by_the_driver_itself() -> None:
    connection.ensure_connection()
    driver: Any = connection.connection
    kind = driver.adapters.get_loader(TIMESTAMPTZ, psycopg.pq.Format.TEXT)
    assert kind is UtcLoader
    with connection.cursor() as cursor:
        assert cursor.adapters.get_loader(TIMESTAMPTZ, psycopg.pq.Format.TEXT) is UtcLoader
    read: Any = UtcLoader(TIMESTAMPTZ, driver).load
    assert type(read.__self__) is STOCK

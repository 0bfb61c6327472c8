"""How the server behaves through the engine: what a cluster will be relied on for."""

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django_cockroachdb import base as stock
from pytest_django import Settings

from tests.engine import catalog


def isolation_of(wrapper: BaseDatabaseWrapper) -> str:
    with wrapper.cursor() as cursor:
        return str(catalog.column(cursor, "SHOW transaction_isolation")[0])


@pytest.mark.django_db
def test_every_foreign_key_leads_an_index() -> None:
    with connection.cursor() as cursor:
        assert catalog.column(cursor, catalog.FOREIGN_KEYS)[0] > 0
        assert catalog.column(cursor, catalog.FOREIGN_KEYS_WITHOUT_INDEX) == []


@pytest.mark.django_db
def test_no_constraint_is_deferrable() -> None:
    with connection.cursor() as cursor:
        assert catalog.column(cursor, catalog.DEFERRABLE) == []


@pytest.mark.django_db
def test_engine_believes_in_cockroachdb() -> None:
    assert connection.vendor == "cockroachdb"
    assert connection.get_database_version() >= (26, 2)


@pytest.mark.django_db
def test_row_id_is_above_what_javascript_can_count() -> None:
    with connection.cursor() as cursor:
        first, second = catalog.column(
            cursor, "SELECT unique_rowid() FROM generate_series(1, 2) ORDER BY 1"
        )
    assert 2**53 < first < second


def test_every_transaction_is_serializable(rival: BaseDatabaseWrapper) -> None:
    assert isolation_of(rival) == "serializable"
    with transaction.atomic():
        assert isolation_of(connection) == "serializable"


@pytest.fixture
def doctors(transactional_db: None) -> object:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE doctor (id int PRIMARY KEY, on_call boolean NOT NULL)")
        cursor.execute("INSERT INTO doctor VALUES (1, true), (2, true)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE doctor")


@pytest.mark.usefixtures("doctors")
def test_write_skew_between_two_connections_ends_in_40001(rival: BaseDatabaseWrapper) -> None:
    def leave(wrapper: BaseDatabaseWrapper, doctor: int) -> None:
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM doctor WHERE on_call")
            assert cursor.fetchone() == (2,)
            cursor.execute("UPDATE doctor SET on_call = false WHERE id = %s", [doctor])

    for wrapper, doctor in ((connection, 1), (rival, 2)):
        wrapper.set_autocommit(False)
        leave(wrapper, doctor)
    rival.commit()
    with pytest.raises(OperationalError) as caught:
        connection.commit()
    connection.rollback()
    connection.set_autocommit(True)
    assert getattr(caught.value.__cause__, "sqlstate", None) == "40001"


@pytest.mark.django_db(transaction=True)
def test_flush_empties_the_tables() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_content_type (app_label, model) VALUES ('gone', 'gone')")
    call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
    with connection.cursor() as cursor:
        assert catalog.column(cursor, "SELECT count(*) FROM django_content_type") == [0]


@pytest.mark.parametrize(("told", "calls"), [(None, 0), (True, 0), (False, 1)])
def test_engine_phones_home_only_when_told_to(
    rival: BaseDatabaseWrapper,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    told: bool | None,
    calls: int,
) -> None:
    counter = "crdb_internal.feature_counter"
    monkeypatch.setattr(stock, "RAN_TELEMETRY_QUERY", False)
    settings.DISABLE_COCKROACHDB_TELEMETRY = told
    if told is None:
        del settings.DISABLE_COCKROACHDB_TELEMETRY
    with rival.cursor() as cursor:
        assert catalog.column(cursor, f"SELECT count(*) FROM {counter}") == [calls]
        cursor.execute(f"TRUNCATE {counter}")

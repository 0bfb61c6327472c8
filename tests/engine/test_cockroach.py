"""What only a CockroachDB can show. Deselected by `-m "not cockroach"`."""

import os
from collections.abc import Iterator
from typing import Any

import environ
import pytest
from django.apps.registry import Apps
from django.db import models

from config.cockroachdb.base import DatabaseWrapper

pytestmark = pytest.mark.cockroach


class Event(models.Model):
    told_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "engine"
        apps = Apps()


@pytest.fixture
def cockroach() -> Iterator[DatabaseWrapper]:
    schemes = environ.Env.DB_SCHEMES | {"cockroachdb": "config.cockroachdb"}
    config: dict[str, Any] = environ.Env.db_url_config(os.environ["COCKROACH_URL"])
    config["ENGINE"] = schemes["cockroachdb"]
    wrapper = DatabaseWrapper({"OPTIONS": {}, "TIME_ZONE": None, "CONN_MAX_AGE": 0} | config)
    yield wrapper
    wrapper.close()


@pytest.fixture
def event_table(cockroach: DatabaseWrapper) -> Iterator[str]:
    with cockroach.schema_editor() as editor:
        editor.create_model(Event)
    yield Event._meta.db_table
    with cockroach.schema_editor() as editor:
        editor.delete_model(Event)


def test_cluster_keeps_the_index_in_buckets(cockroach: DatabaseWrapper, event_table: str) -> None:
    with cockroach.cursor() as cursor:
        cursor.execute(f"SHOW CREATE TABLE {event_table}")
        _, shown = cursor.fetchone()
    assert "USING HASH" in shown
    assert "bucket_count=8" in shown.replace(" ", "")


def test_migrations_find_the_index_in_buckets_again(
    cockroach: DatabaseWrapper, event_table: str
) -> None:
    plain = models.DateTimeField()
    plain.set_attributes_from_name("told_at")
    plain.model = Event
    with cockroach.schema_editor() as editor:
        assert len(editor._constraint_names(Event, ["told_at"], index=True)) == 1
        editor.alter_field(Event, Event._meta.get_field("told_at"), plain)
        assert editor._constraint_names(Event, ["told_at"], index=True) == []


def test_cluster_gives_serializable_outside_a_block(cockroach: DatabaseWrapper) -> None:
    with cockroach.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("serializable",)

"""What the engine sends, read from the schema editor without a server."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import models
from django.db.models.functions import Lower, TruncDay
from django_cockroachdb import base as stock

from config.cockroachdb.base import DatabaseWrapper
from config.cockroachdb.introspection import DatabaseIntrospection
from config.cockroachdb.schema import DatabaseSchemaEditor

CAST = " USING "


@pytest.fixture
def connection() -> DatabaseWrapper:
    settings: dict[str, Any] = {
        "NAME": "comptoir",
        "USER": "",
        "PASSWORD": "",
        "HOST": "",
        "PORT": "",
        "OPTIONS": {},
        "TIME_ZONE": None,
    }
    wrapper = DatabaseWrapper(settings)
    # Known beforehand, else the engine would ask the server.
    wrapper.cockroachdb_version = (26, 2, 0)
    return wrapper


@pytest.fixture
def editor(connection: DatabaseWrapper) -> DatabaseSchemaEditor:
    schema_editor = DatabaseSchemaEditor(connection, collect_sql=True)
    schema_editor.deferred_sql = []
    return schema_editor


class Shop(models.Model):
    class Meta:
        app_label = "engine"
        apps = Apps()


class Parcel(models.Model):
    bare = models.ForeignKey(Shop, models.PROTECT, related_name="+", db_index=False)
    led = models.ForeignKey(Shop, models.PROTECT, related_name="+")
    half_led = models.ForeignKey(Shop, models.PROTECT, related_name="+")
    only_one = models.OneToOneField(Shop, models.PROTECT, related_name="+")
    loose = models.ForeignKey(
        Shop, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    code = models.CharField(max_length=20)
    note = models.TextField()
    count = models.IntegerField()
    sent_at = models.DateTimeField()
    due_on = models.DateField(db_index=True)

    class Meta:
        app_label = "engine"
        apps = Shop._meta.apps
        constraints = [
            models.UniqueConstraint(fields=["led", "code"], name="led_code"),
            models.UniqueConstraint(
                fields=["half_led"], condition=models.Q(code="x"), name="half_led_x"
            ),
        ]


def index_sql(editor: DatabaseSchemaEditor, index: models.Index) -> str:
    editor.add_index(Parcel, index)
    (sql,) = editor.collected_sql
    return str(sql)


def field_index_sql(editor: DatabaseSchemaEditor, name: str) -> list[str]:
    return [str(sql) for sql in editor._field_indexes_sql(Parcel, Parcel._meta.get_field(name))]


def type_change(
    editor: DatabaseSchemaEditor,
    old: Any,
    new: Any,
) -> str:
    for field in (old, new):
        field.set_attributes_from_name("column")
        field.model = Parcel
    new_type = new.db_type(editor.connection)
    (sql, _), _ = editor._alter_column_type_sql(Parcel, old, new, new_type, None, None)
    return sql


def test_fixes_are_still_wanted_by_the_installed_stock_engine() -> None:
    # When this fails: see which of the issues named in config/cockroachdb have been closed,
    # drop what upstream now does, and raise the number.
    assert version("django-cockroachdb") == "5.2.2"


def test_foreign_key_is_indexed_though_the_stock_engine_leaves_it_bare(
    editor: DatabaseSchemaEditor,
) -> None:
    field = Parcel._meta.get_field("half_led")
    assert not stock.DatabaseSchemaEditor._field_should_be_indexed(editor, Parcel, field)
    (sql,) = field_index_sql(editor, "half_led")
    assert sql.startswith('CREATE INDEX IF NOT EXISTS "engine_parcel_half_led_id_')
    assert sql.endswith('ON "engine_parcel" ("half_led_id")')


@pytest.mark.parametrize(
    ("name", "indexed"),
    [("bare", True), ("led", False), ("only_one", False), ("loose", False)],
)
def test_foreign_key_gets_its_own_index_only_when_nothing_else_leads_with_it(
    editor: DatabaseSchemaEditor, name: str, indexed: bool
) -> None:
    assert bool(field_index_sql(editor, name)) is indexed


def test_many_to_many_table_indexes_the_column_its_unique_pair_does_not_lead(
    editor: DatabaseSchemaEditor,
) -> None:
    class Crate(models.Model):
        shops = models.ManyToManyField(Shop)

        class Meta:
            app_label = "engine"
            apps = Shop._meta.apps

    indexes = [str(sql) for sql in editor._model_indexes_sql(Crate.shops.through)]
    assert [sql.rpartition("(")[2] for sql in indexes] == ['"shop_id")']


def test_index_led_by_a_time_is_spread_over_buckets(editor: DatabaseSchemaEditor) -> None:
    sql = index_sql(editor, models.Index(fields=["-sent_at", "code"], name="sent"))
    assert sql == (
        'CREATE INDEX "sent" ON "engine_parcel" ("sent_at" DESC, "code")'
        " USING HASH WITH (bucket_count = 8);"
    )


def test_date_with_db_index_is_spread_over_buckets(editor: DatabaseSchemaEditor) -> None:
    (sql,) = field_index_sql(editor, "due_on")
    assert sql.endswith('("due_on") USING HASH WITH (bucket_count = 8)')


def test_ordering_expression_on_a_time_is_spread_over_buckets(
    editor: DatabaseSchemaEditor,
) -> None:
    sql = index_sql(editor, models.Index(models.F("sent_at").desc(), "code", name="sent"))
    assert sql == (
        'CREATE INDEX "sent" ON "engine_parcel" ("sent_at" DESC, "code")'
        " USING HASH WITH (bucket_count = 8);"
    )


def test_stored_columns_stand_between_the_buckets_keyword_and_their_number(
    editor: DatabaseSchemaEditor,
) -> None:
    sql = index_sql(editor, models.Index(fields=["sent_at"], include=["code"], name="sent"))
    assert sql.endswith('("sent_at") USING HASH INCLUDE ("code") WITH (bucket_count = 8);')


@pytest.mark.parametrize(
    "index",
    [
        models.Index(fields=["led", "sent_at"], name="other"),
        models.Index(Lower("code"), name="other"),
        models.Index(TruncDay("sent_at"), name="other"),
    ],
    ids=["key first", "text", "computed from a time"],
)
def test_index_not_led_by_a_time_stays_plain(
    editor: DatabaseSchemaEditor, index: models.Index
) -> None:
    assert "USING HASH" not in index_sql(editor, index)


def test_unique_constraint_led_by_a_time_stays_plain(editor: DatabaseSchemaEditor) -> None:
    editor.add_constraint(Parcel, models.UniqueConstraint(fields=["sent_at"], name="one"))
    assert "HASH" not in editor.collected_sql[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (models.CharField(max_length=5), models.CharField(max_length=50)),
        (models.CharField(max_length=5), models.TextField()),
        (models.IntegerField(), models.BigIntegerField()),
        (models.AutoField(primary_key=True), models.BigAutoField(primary_key=True)),
    ],
    ids=["wider", "unbounded", "integer", "key"],
)
def test_type_change_within_one_storage_carries_no_cast(
    editor: DatabaseSchemaEditor,
    old: Any,
    new: Any,
) -> None:
    assert CAST not in type_change(editor, old, new)


def test_text_that_becomes_json_is_cast(editor: DatabaseSchemaEditor) -> None:
    sql = type_change(editor, models.TextField(), models.JSONField())
    assert sql == 'ALTER COLUMN "column" TYPE jsonb USING "column"::jsonb'


def test_text_that_becomes_a_number_is_cast_to_its_full_type(
    editor: DatabaseSchemaEditor,
) -> None:
    new = models.DecimalField(max_digits=9, decimal_places=2)
    assert type_change(editor, models.CharField(max_length=9), new).endswith(
        ' USING "column"::numeric(9, 2)'
    )


def test_foreign_key_is_never_deferrable(editor: DatabaseSchemaEditor) -> None:
    field = Parcel._meta.get_field("led")
    sql = str(editor._create_fk_sql(Parcel, field, "_fk_%(to_table)s_%(to_column)s"))
    assert "FOREIGN KEY" in sql
    assert "DEFER" not in sql


def test_hidden_shard_column_is_not_told_to_migrations(connection: DatabaseWrapper) -> None:
    told = DatabaseIntrospection(connection)._without_shard_column(
        {
            "columns": ["crdb_internal_sent_at_code_shard_8", "sent_at", "code"],
            "orders": ["ASC", "DESC", "ASC"],
            "type": "prefix",
        }
    )
    assert told == {"columns": ["sent_at", "code"], "orders": ["DESC", "ASC"], "type": "idx"}


def test_check_of_the_hidden_shard_column_is_left_out(connection: DatabaseWrapper) -> None:
    told = {"columns": ["crdb_internal_sent_at_shard_8"], "check": True}
    assert DatabaseIntrospection(connection)._without_shard_column(told) is None


def test_connection_asks_for_serializable_beside_the_options_of_the_settings(
    connection: DatabaseWrapper,
) -> None:
    connection.settings_dict["OPTIONS"]["options"] = "-c statement_timeout=5s"
    assert connection.get_connection_params()["options"] == (
        "-c statement_timeout=5s -c default_transaction_isolation=serializable"
    )


def test_connection_keeps_the_isolation_that_the_settings_name(
    connection: DatabaseWrapper,
) -> None:
    named = "-c default_transaction_isolation=repeatable\\ read"
    connection.settings_dict["OPTIONS"]["options"] = named
    assert connection.get_connection_params()["options"] == named

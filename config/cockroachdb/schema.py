from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db.backends.ddl_references import Statement
from django.db.models import (
    BaseConstraint,
    DateField,
    Expression,
    Field,
    ForeignKey,
    Index,
    Model,
)
from django_cockroachdb.schema import DatabaseSchemaEditor as StockSchemaEditor

from .leading import column_of, leading_column, leading_columns, leading_field, wants_index

TYPE_PARAMETERS = re.compile(r"\(.*?\)")
STORAGE = {
    "varchar": "string",
    "char": "string",
    "text": "string",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
}


class DatabaseSchemaEditor(StockSchemaEditor):  # type: ignore[misc]
    sql_create_foreign_key_index = "CREATE INDEX IF NOT EXISTS %(name)s ON %(table)s (%(columns)s)"
    sql_create_hash_sharded_index = (
        "CREATE INDEX %(name)s ON %(table)s (%(columns)s) USING HASH%(include)s"
        " WITH (bucket_count = {buckets})%(condition)s"
    )

    # An index for each foreign key, third-party tables too. Waits for django-cockroachdb issue
    # 293 (PR 331): the stock engine leaves them out because CockroachDB once made them by itself,
    # which it has not done since v20.2. Without one, each join and each cascade reads the whole
    # table, and under SERIALIZABLE conflicts with every writer of it.

    def _field_should_be_indexed(self, model: type[Model], field: Field[Any, Any]) -> bool:
        if not isinstance(field, ForeignKey):
            return bool(super()._field_should_be_indexed(model, field))
        return wants_index(field) and field.column not in leading_columns(model)

    def remove_index(self, model: type[Model], index: Index, concurrently: bool = False) -> None:
        super().remove_index(model, index, concurrently)
        remaining = leading_columns(model, without=index)
        self._index_foreign_keys(model, {leading_column(model, index)} - remaining)

    def remove_constraint(self, model: type[Model], constraint: BaseConstraint) -> None:
        super().remove_constraint(model, constraint)
        remaining = leading_columns(model, without=constraint)
        self._index_foreign_keys(model, {leading_column(model, constraint)} - remaining)

    def alter_unique_together(
        self,
        model: type[Model],
        old_unique_together: Sequence[Sequence[str]],
        new_unique_together: Sequence[Sequence[str]],
    ) -> None:
        super().alter_unique_together(model, old_unique_together, new_unique_together)
        led: set[str | None] = {column_of(model, names[0]) for names in old_unique_together}
        self._index_foreign_keys(model, led - leading_columns(model))

    def _alter_field(
        self,
        model: type[Model],
        old_field: Any,
        new_field: Any,
        *types: Any,
        **options: Any,
    ) -> None:
        super()._alter_field(model, old_field, new_field, *types, **options)
        # Django has just dropped the index together with `db_index`, or has made none for a
        # column that becomes a foreign key without it.
        newly_bare = not wants_index(old_field) or (old_field.db_index and not new_field.db_index)
        is_led = old_field.column in leading_columns(model)
        if newly_bare and wants_index(new_field) and not is_led:
            self.execute(self._create_index_sql(model, fields=[new_field]), params=None)

    def _index_foreign_keys(self, model: type[Model], columns: set[str | None]) -> None:
        for field in model._meta.local_fields:
            if field.column in columns and wants_index(field):
                self.execute(self._create_index_sql(model, fields=[field]), params=None)

    # A type change that changes the storage says how. Waits for django-cockroachdb issue 300
    # (PR 329). Never for a change within one storage, such as a wider varchar: with USING,
    # CockroachDB rewrites the column, which it cannot do under an index before v26.4.

    def _alter_column_type_sql(
        self,
        model: type[Model],
        old_field: Any,
        new_field: Any,
        new_type: str,
        old_collation: str | None,
        new_collation: str | None,
    ) -> tuple[tuple[str, list[Any]], list[tuple[str, list[Any]]]]:
        (sql, params), further = super()._alter_column_type_sql(
            model, old_field, new_field, new_type, old_collation, new_collation
        )
        old_type = old_field.db_parameters(connection=self.connection)["type"]
        if storage_of(old_type) != storage_of(new_type):
            sql = f"{sql} USING {self.quote_name(new_field.column)}::{new_type}"
        return (sql, params), further

    # An index led by a time grows at one end, so every writer of the cluster meets on one range:
    # it is spread over buckets. Waits for django-cockroachdb issue 264.

    def _create_index_sql(
        self,
        model: type[Model],
        *,
        fields: list[Field[Any, Any]] | None = None,
        name: str | None = None,
        using: str = "",
        sql: str | None = None,
        concurrently: bool = False,
        expressions: Expression | None = None,
        **rest: Any,
    ) -> Statement:
        if sql is None and not using and not concurrently:
            sql = self._index_template(leading_field(fields, expressions), is_named=bool(name))
        statement: Statement = super()._create_index_sql(
            model,
            fields=fields,
            name=name,
            using=using,
            sql=sql,
            concurrently=concurrently,
            expressions=expressions,
            **rest,
        )
        return statement

    def _index_template(self, lead: Field[Any, Any] | None, *, is_named: bool) -> str | None:
        features = self.connection.features
        if isinstance(lead, DateField) and features.supports_hash_sharded_indexes:
            return self.sql_create_hash_sharded_index.format(
                buckets=features.hash_sharded_bucket_count
            )
        if isinstance(lead, ForeignKey) and not is_named:
            # Django's own index, made here once more when the one that stood in for it goes.
            return self.sql_create_foreign_key_index
        return None


def storage_of(db_type: str) -> str:
    """What a column type is stored as: `varchar(20)` and `text` are both a string."""
    base = TYPE_PARAMETERS.sub("", db_type).strip()
    return STORAGE.get(base, base)

"""The SQL of a flush, compiled once for each model and set of columns.

The ORM would compile it anew each time, which costs more than the database's own work. Values go
through the fields' own preparation, so that they are stored just as the ORM stores them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, TypeAlias

from django.db import connection, models

Column: TypeAlias = "models.Field[Any, Any]"

MOST_PARAMETERS = 900
"""SQLite took 999 for long; a statement of a few hundred values gains nothing by more."""

MANY = 8
"""From so many different rows on, one UPDATE with a CASE beats one for each."""

BATCH = 200


def _columns(obj: models.Model) -> tuple[Column, ...]:
    """The columns to send: one whose value is the database's own default is left to it."""
    values = obj.__dict__
    return tuple(
        column
        for column in obj._meta.concrete_fields
        if not hasattr(values[column.attname], "resolve_expression")
    )


@lru_cache(maxsize=512)
def _insert_sql(vendor: str, model: type[models.Model], columns: tuple[Column, ...]) -> str:
    quote = connection.ops.quote_name
    names = ", ".join(quote(column.column or "") for column in columns)
    return f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES "  # noqa: S608


@lru_cache(maxsize=512)
def _update_sql(vendor: str, model: type[models.Model], columns: tuple[Column, ...]) -> str:
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(column.column or '')} = %s" for column in columns)
    key = quote(_key_of(model).column or "")
    return f"UPDATE {quote(model._meta.db_table)} SET {sets} WHERE {key} IN "  # noqa: S608


def _key_of(model: type[models.Model]) -> Column:
    return model._meta.pk


def _prepared(obj: models.Model, columns: tuple[Column, ...]) -> list[Any]:
    values = obj.__dict__
    return [column.get_db_prep_save(values[column.attname], connection) for column in columns]


def insert(rows: Sequence[models.Model]) -> None:
    """New rows of one model, in as few INSERTs as their columns and number allow."""
    for columns, alike in groupby(rows, key=_columns):
        together = list(alike)
        size = max(1, MOST_PARAMETERS // len(columns))
        for start in range(0, len(together), size):
            _insert_batch(columns, together[start : start + size])


def _insert_batch(columns: tuple[Column, ...], rows: list[models.Model]) -> None:
    model = type(rows[0])
    places = f"({', '.join(['%s'] * len(columns))})"
    sql = _insert_sql(connection.vendor, model, columns) + ", ".join([places] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in _prepared(row, columns)])
    for row in rows:
        row._state.adding = False
        row._state.db = connection.alias


def update(rows: Sequence[models.Model], attnames: frozenset[str]) -> int:
    """Set the same columns of rows of one model; rows with equal values share a statement.

    Returns how many rows the database touched.
    """
    model = type(rows[0])
    columns = tuple(c for c in model._meta.concrete_fields if c.attname in attnames)
    groups: dict[str, tuple[list[Any], list[models.Model]]] = {}
    for row in rows:
        values = [row.__dict__[column.attname] for column in columns]
        groups.setdefault(repr(values), (_prepared(row, columns), []))[1].append(row)
    if len(groups) < MANY:
        return sum(_update_batches(model, columns, *group) for group in groups.values())
    names = [column.name for column in columns]
    return model._base_manager.bulk_update(rows, names, batch_size=BATCH)


def _update_batches(
    model: type[models.Model],
    columns: tuple[Column, ...],
    values: list[Any],
    rows: list[models.Model],
) -> int:
    key = _key_of(model)
    sql = _update_sql(connection.vendor, model, columns)
    touched = 0
    size = MOST_PARAMETERS - len(values)
    for start in range(0, len(rows), size):
        keys = [key.get_db_prep_save(row.pk, connection) for row in rows[start : start + size]]
        places = f"({', '.join(['%s'] * len(keys))})"
        with connection.cursor() as cursor:
            cursor.execute(sql + places, [*values, *keys])
            touched += cursor.rowcount
    return touched

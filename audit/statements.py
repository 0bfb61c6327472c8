"""The SQL of a flush, compiled once for each model and set of columns.

The ORM would compile it anew each time, which costs more than the database's own work. Values go
through the fields' own preparation, so that they are stored just as the ORM stores them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain, groupby
from typing import Any, TypeAlias

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, models

from audit import outcomes
from audit.errors import KernelError, RecordUnavailable, Refusal

Column: TypeAlias = "models.Field[Any, Any]"

MOST_PARAMETERS = 900
"""SQLite took 999 for long; a statement of a few hundred values gains nothing by more."""

MANY = 8
"""From so many different rows on, one UPDATE from a list beats one for each."""

PLAIN: dict[type, type] = {
    models.CharField: str,
    models.TextField: str,
    models.BigIntegerField: int,
    models.IntegerField: int,
    models.PositiveIntegerField: int,
    models.PositiveSmallIntegerField: int,
    models.UUIDField: uuid.UUID,
    models.BooleanField: bool,
    models.DateTimeField: datetime,
}
"""What psycopg takes as it is. A field of a class of its own prepares its values itself."""

DIVISION_BY_ZERO = "22012"
"""How a statement fails whose number of rows is asserted by the database."""


@dataclass(slots=True)
class Statement:
    """A write, and how many rows it must touch where that can be another number."""

    sql: str
    params: list[Any]
    label: str
    touches: int | None = None
    otherwise: Exception | None = None
    """What is raised when it does not."""
    is_record: bool = False

    def missed(self) -> Exception:
        """It touched another number of rows."""
        return self.otherwise or KernelError(f"{self.label}: not {self.touches} rows written")

    def told(self, error: DatabaseError) -> Exception:
        """What its failure means to the one who asked for it."""
        if self.touches is not None and outcomes.has_sqlstate(error, DIVISION_BY_ZERO):
            return self.missed()
        if self.is_record and outcomes.of(error) is outcomes.Ending.BROKEN:
            return RecordUnavailable("the log could not be written")
        return error


def send(statements: Sequence[Statement]) -> None:
    """One after the other."""
    for statement in statements:
        with connection.cursor() as cursor:
            try:
                cursor.execute(statement.sql, statement.params)
            except DatabaseError as error:
                if (told := statement.told(error)) is error:
                    raise
                raise told from error
            if statement.touches is not None and cursor.rowcount != statement.touches:
                raise statement.missed()


def send_last(statements: Sequence[Statement]) -> None:
    """The last of a transaction: as one pipeline with COMMIT, where the engine can do that."""
    engine: Any = connection
    if getattr(engine, "is_pipelined", False):
        engine.send_together(statements)
    else:
        send(statements)


def mark_stored(*lists: Sequence[models.Model]) -> None:
    """What `save()` would leave on an object."""
    for row in chain(*lists):
        row._state.adding = False
        row._state.db = connection.alias


# What can be written


def insertions(rows: Sequence[models.Model], *, is_record: bool = False) -> Iterator[Statement]:
    """New rows of one model, in as few INSERTs as their columns and number allow."""
    for columns, alike in groupby(rows, key=_columns):
        together = list(alike)
        size = max(1, MOST_PARAMETERS // len(columns.fields))
        for start in range(0, len(together), size):
            some = together[start : start + size]
            model = type(some[0])
            yield Statement(
                _insert_sql(connection.vendor, model, columns, len(some)),
                [value for row in some for value in _prepared(row, columns)],
                model._meta.label,
                is_record=is_record,
            )


def updates(rows: Sequence[models.Model], attnames: frozenset[str]) -> Iterator[Statement]:
    """Set the same columns of rows of one model; rows with equal values share a statement."""
    model = type(rows[0])
    columns = _only(model, attnames)
    groups: dict[str, tuple[list[Any], list[Any]]] = {}
    for row in rows:
        values = [row.__dict__[column.attname] for column in columns.fields]
        groups.setdefault(repr(values), (_prepared(row, columns), []))[1].append(row.pk)
    if len(groups) >= MANY:
        yield from _one_for_many(rows, columns)
        return
    for values, keys in groups.values():
        for some in _batches(keys, MOST_PARAMETERS - len(values)):
            yield Statement(
                _update_sql(connection.vendor, model, columns, len(some)),
                [*values, *_keys(model, some)],
                model._meta.label,
                touches=len(some),
            )


def _one_for_many(rows: Sequence[models.Model], columns: Columns) -> Iterator[Statement]:
    model = type(rows[0])
    for some in _batches(rows, MOST_PARAMETERS // (len(columns.fields) + 1)):
        yield Statement(
            _update_many_sql(connection.vendor, model, columns, len(some)),
            [
                value
                for row in some
                for value in chain(_keys(model, [row.pk]), _prepared(row, columns))
            ],
            model._meta.label,
            touches=len(some),
        )


def removals(model: type[models.Model], keys: Sequence[Any]) -> Iterator[Statement]:
    """Delete rows of one model."""
    for some in _batches(keys, MOST_PARAMETERS):
        sql = _delete_sql(connection.vendor, model, len(some))
        yield Statement(sql, _keys(model, some), model._meta.label, touches=len(some))


def move(model: type[models.Model], pk: Any, minor: int, refusal: Refusal | None) -> Statement:
    """Move a guarded balance, down only while it holds so much."""
    params = [minor, *_keys(model, [pk])]
    if minor < 0:
        params.append(-minor)
    sql = _move_sql(connection.vendor, model, minor < 0)
    label = model._meta.label
    otherwise = refusal or KernelError(f"{label} {pk} is not there")
    return Statement(sql, params, label, touches=1, otherwise=otherwise)


# How it is written


@dataclass(frozen=True, eq=False)
class Columns:
    """Some columns of a model. There is one object for each choice of them, and it is that which
    what is compiled is kept by: to hash and compare all the fields each time takes longer."""

    fields: tuple[Column, ...]


@lru_cache(maxsize=512)
def _only(model: type[models.Model], attnames: frozenset[str]) -> Columns:
    return Columns(tuple(one for one in model._meta.concrete_fields if one.attname in attnames))


@lru_cache(maxsize=512)
def _all_but(model: type[models.Model], attnames: tuple[str, ...]) -> Columns:
    return Columns(tuple(one for one in model._meta.concrete_fields if one.attname not in attnames))


@lru_cache(maxsize=512)
def _with_default(model: type[models.Model]) -> tuple[str, ...]:
    """The columns for which the database has a value of its own."""
    return tuple(one.attname for one in model._meta.concrete_fields if one.has_db_default())


def _columns(obj: models.Model) -> Columns:
    """The columns to send: one whose value is the database's own default is left to it."""
    values = obj.__dict__
    model = type(obj)
    left = (one for one in _with_default(model) if hasattr(values[one], "resolve_expression"))
    return _all_but(model, tuple(left))


def _prepared(obj: models.Model, columns: Columns) -> list[Any]:
    values = obj.__dict__
    db = connections[DEFAULT_DB_ALIAS]
    found = []
    for column, name, kind in _ways(db.vendor, columns):
        value = values[name]
        if type(value) is not kind and (value is not None or kind is None):
            value = column.get_db_prep_save(value, db)
        found.append(value)
    return found


@lru_cache(maxsize=512)
def _ways(vendor: str, columns: Columns) -> tuple[tuple[Column, str, type | None], ...]:
    """For each column its name, and the type of a value that the field would hand on as it is."""
    plain = {} if vendor == "sqlite" else PLAIN
    return tuple(
        (one, one.attname, plain.get(type(getattr(one, "target_field", one))))
        for one in columns.fields
    )


def _keys(model: type[models.Model], keys: Sequence[Any]) -> list[Any]:
    return [model._meta.pk.get_db_prep_save(key, connection) for key in keys]


def _batches(all_of_them: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(all_of_them), size):
        yield all_of_them[start : start + size]


def _quote(name: str | None) -> str:
    return connection.ops.quote_name(name or "")


def _places(number: int) -> str:
    return f"({', '.join(['%s'] * number)})"


@lru_cache(maxsize=512)
def _insert_sql(vendor: str, model: type[models.Model], columns: Columns, rows: int) -> str:
    names = ", ".join(_quote(column.column) for column in columns.fields)
    places = ", ".join([_places(len(columns.fields))] * rows)
    return f"INSERT INTO {_quote(model._meta.db_table)} ({names}) VALUES {places}"  # noqa: S608


@lru_cache(maxsize=512)
def _update_sql(vendor: str, model: type[models.Model], columns: Columns, rows: int) -> str:
    sets = ", ".join(f"{_quote(column.column)} = %s" for column in columns.fields)
    return f"UPDATE {_quote(model._meta.db_table)} SET {sets} WHERE {_key_in(model, rows)}"  # noqa: S608


@lru_cache(maxsize=512)
def _update_many_sql(vendor: str, model: type[models.Model], columns: Columns, rows: int) -> str:
    key = model._meta.pk
    given = ", ".join(
        f"{_typed(column, f'column{number}')} AS new_{number}"
        for number, column in enumerate((key, *columns.fields), start=1)
    )
    sets = ", ".join(
        f"{_quote(column.column)} = new_{number}"
        for number, column in enumerate(columns.fields, start=2)
    )
    places = ", ".join([_places(len(columns.fields) + 1)] * rows)
    return (
        f"UPDATE {_quote(model._meta.db_table)} SET {sets} "  # noqa: S608
        f"FROM (SELECT {given} FROM (VALUES {places}) AS given) AS new "
        f"WHERE {_quote(key.column)} = new_1"
    )


def _typed(column: Column, name: str) -> str:
    """A value of a list with the type of its column. No length: a cast would cut silently."""
    if connection.vendor == "sqlite":
        return name
    db_type = (column.db_type(connection) or "").partition("(")[0]
    return f"CAST({name} AS {db_type})"


@lru_cache(maxsize=512)
def _delete_sql(vendor: str, model: type[models.Model], rows: int) -> str:
    return f"DELETE FROM {_quote(model._meta.db_table)} WHERE {_key_in(model, rows)}"  # noqa: S608


@lru_cache(maxsize=64)
def _move_sql(vendor: str, model: type[models.Model], down: bool) -> str:
    balance = _quote(model._meta.get_field("balance_minor").column)  # type: ignore[union-attr]
    sql = (
        f"UPDATE {_quote(model._meta.db_table)} SET {balance} = {balance} + %s "  # noqa: S608
        f"WHERE {_key_in(model, 1)}"
    )
    return f"{sql} AND {balance} >= %s" if down else sql


def _key_in(model: type[models.Model], rows: int) -> str:
    return f"{_quote(model._meta.pk.column)} IN {_places(rows)}"

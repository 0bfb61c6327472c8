"""A SELECT by equal values, compiled once: the ORM would do it anew for each command.

For the few reads that commands make again and again. What comes back is what the queryset would
have given: whole rows, with related ones where they are asked for.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)
N = TypeVar("N", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Select:
    """One compiled SELECT, and how its rows become objects."""

    sql: str
    fields: tuple[Any, ...]
    compiler: Any
    converters: dict[int, Any]
    names: list[str]
    span: slice
    related: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Wanted(Generic[M]):
    """`model._default_manager.filter(**equal)`, with what a queryset would be told besides."""

    model: type[M]
    equal: dict[str, Any]
    also: tuple[str, ...] = ()
    order_by: str = ""
    limit: int = 1
    locked: bool = False

    def select(self, vendor: str) -> Select:
        """Its SELECT, compiled once for these names."""
        names = tuple(self.equal)
        return _select(vendor, self.model, names, self.also, self.order_by, self.limit, self.locked)

    def params(self, select: Select, db: Any) -> list[Any]:
        """What stands in the places of its SELECT."""
        values = zip(select.fields, self.equal.values(), strict=True)
        return [field.get_db_prep_value(value, db) for field, value in values]

    def objects(self, select: Select, rows: list[Any], db: Any) -> list[M]:
        """What its rows are."""
        if select.converters:
            rows = select.compiler.apply_converters(rows, select.converters)
        return [_object(self.model, select, row, db.alias) for row in rows]


def find(wanted: Wanted[M], *, apart: bool = False) -> list[M]:
    """The rows that are wanted. One SELECT.

    `apart`: where the engine still owes BEGIN, this is asked before it, so that the transaction
    begins later. Only for what a UNIQUE will decide anyway.
    """
    db: Any = connections[DEFAULT_DB_ALIAS]
    select = wanted.select(db.vendor)
    with db.preparing_cursor(apart=apart) if hasattr(db, "begin") else db.cursor() as cursor:
        cursor.execute(select.sql, wanted.params(select, db))
        rows = cursor.fetchall()
    return wanted.objects(select, rows, db)


def find_both(one: Wanted[M], other: Wanted[N]) -> tuple[list[M], list[N]]:
    """Two SELECTs in one wait, where the engine can; elsewhere the other is asked for only when
    the one found nothing."""
    db: Any = connections[DEFAULT_DB_ALIAS]
    if not getattr(db, "is_pipelined", False):
        found = find(one, apart=True)
        return found, [] if found else find(other)
    selects = one.select(db.vendor), other.select(db.vendor)
    rows = db.ask_together(
        [
            (selects[0].sql, one.params(selects[0], db)),
            (selects[1].sql, other.params(selects[1], db)),
        ]
    )
    return one.objects(selects[0], rows[0], db), other.objects(selects[1], rows[1], db)


def find_all(*wanted: Wanted[Any]) -> list[list[Any]]:
    """Several SELECTs, in one wait where the engine can."""
    db: Any = connections[DEFAULT_DB_ALIAS]
    if not getattr(db, "is_pipelined", False):
        return [find(one) for one in wanted]
    selects = [one.select(db.vendor) for one in wanted]
    both = list(zip(wanted, selects, strict=True))
    rows = db.ask_together([(select.sql, one.params(select, db)) for one, select in both])
    return [one.objects(select, found, db) for (one, select), found in zip(both, rows, strict=True)]


def _object(model: type[M], select: Select, row: Sequence[Any], alias: str) -> M:
    obj = model.from_db(alias, select.names, row[select.span])
    for populator in select.related:
        populator.populate(row, obj)
    return obj


@lru_cache(maxsize=256)
def _select(
    vendor: str,
    model: type[models.Model],
    names: tuple[str, ...],
    also: tuple[str, ...],
    order_by: str,
    limit: int,
    locked: bool,
) -> Select:
    fields = tuple(model._meta.get_field(name) for name in names)
    rows = model._default_manager.all()
    for field in fields:
        # Any value of the right kind: the SELECT is to have a place for it.
        kind = getattr(field, "target_field", field)
        some = uuid.UUID(int=0) if isinstance(kind, models.UUIDField) else "some"
        rows = rows.filter(**{field.name: some})
    rows = rows.select_related(*also) if also else rows
    rows = rows.order_by(order_by) if order_by else rows.order_by()
    rows = rows.select_for_update() if locked else rows
    db = connections[DEFAULT_DB_ALIAS]
    compiler = rows[:limit].query.get_compiler(connection=db)
    sql, params = compiler.as_sql()
    if len(params) != len(fields):
        raise TypeError(f"{model._meta.label}: more than equal values in {sql}")
    first, last = compiler.klass_info["select_fields"][0], compiler.klass_info["select_fields"][-1]
    span = slice(first, last + 1)
    return Select(
        sql,
        fields,
        compiler,
        compiler.get_converters([one[0] for one in compiler.select]),
        [one[0].target.attname for one in compiler.select[span]],
        span,
        # The stubs know a later Django.
        get_related_populators(compiler.klass_info, compiler.select, db.alias),  # type: ignore[call-arg]
    )

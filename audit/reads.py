"""A SELECT by equal values, compiled once: the ORM would do it anew for each command.

For the few reads that commands make again and again. What comes back is what the queryset would
have given: whole rows, with related ones where they are asked for.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)


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


def find(
    model: type[M],
    *,
    also: tuple[str, ...] = (),
    order_by: str = "",
    limit: int = 1,
    locked: bool = False,
    apart: bool = False,
    **equal: Any,
) -> list[M]:
    """`model._default_manager.filter(**equal)`, compiled once for these names. One SELECT.

    `apart`: where the engine still owes BEGIN, this is asked before it, so that the transaction
    begins later. Only for what a UNIQUE will decide anyway.
    """
    db: Any = connections[DEFAULT_DB_ALIAS]
    select = _select(db.vendor, model, tuple(equal), also, order_by, limit, locked)
    params = [
        field.get_db_prep_value(value, db)
        for field, value in zip(select.fields, equal.values(), strict=True)
    ]
    with db.preparing_cursor(apart=apart) if hasattr(db, "begin") else db.cursor() as cursor:
        cursor.execute(select.sql, params)
        rows = cursor.fetchall()
    if select.converters:
        rows = select.compiler.apply_converters(rows, select.converters)
    return [_object(model, select, row, db.alias) for row in rows]


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

"""Several SELECTs as one statement: on a distributed database a round trip is what a read costs.

Each queryset becomes a branch of one UNION ALL. Its columns go into slots by their type, what a
branch has not is NULL there, and from its rows come the objects that it would have given alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import Col
from django.db.models.query import ModelIterable, get_related_populators

from audit.models import LogEntry, reading_the_log

Slot: TypeAlias = tuple[str, int]
"""A type of the database's, and the how manieth column of that type."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One queryset, compiled: its SELECT, and by slot how each of its columns is named."""

    rows: QuerySet[Any, Any]
    compiler: Any
    sql: str
    params: tuple[Any, ...]
    columns: dict[Slot, str]


def together(*querysets: QuerySet[Any, Any]) -> list[list[Any]]:
    """The rows of each queryset, read in ONE SELECT; none when all of them are known to be empty.

    Objects with what `select_related` and `annotate` say, or the dicts of `values()`. Each list is
    in the order of its `order_by`, whose fields are never NULL and came along; slices count.
    """
    branches = [_compile(rows) for rows in querysets]
    asked = [branch for branch in branches if branch is not None]
    found: dict[int, list[Any]] = {id(branch): [] for branch in asked}
    slots = list(dict.fromkeys(slot for branch in asked for slot in branch.columns))
    reads_the_log = any(branch.rows.model is LogEntry for branch in asked)
    with reading_the_log() if reads_the_log else nullcontext():
        rows = _ask(asked, slots) if asked else []
    for row in rows:
        branch = asked[row[0]]
        values = dict(zip(slots, row[1:], strict=True))
        found[id(branch)].append([values[slot] for slot in branch.columns])
    return [
        [] if branch is None else _in_order(branch, _as_given(branch, found[id(branch)]))
        for branch in branches
    ]


def _compile(rows: QuerySet[Any, Any]) -> Branch | None:
    db = connections[DEFAULT_DB_ALIAS]
    compiler = rows.query.get_compiler(connection=db)
    try:
        sql, params = compiler.as_sql(with_col_aliases=True)
    except EmptyResultSet:
        return None
    columns: dict[Slot, str] = {}
    for expression, _sql, alias in compiler.select:
        # Without a length: columns of several lengths share a slot.
        kind = expression.output_field.cast_db_type(db).partition("(")[0]
        number = sum(known == kind for known, _number in columns)
        column = db.ops.quote_name(alias)
        # What is computed may have another type than it says: a sum of bigint is numeric.
        is_sure = isinstance(expression, Col) or db.vendor == "sqlite"
        columns[kind, number] = column if is_sure else f"CAST({column} AS {kind})"
    return Branch(rows, compiler, sql, tuple(params), columns)


def _ask(branches: Sequence[Branch], slots: Sequence[Slot]) -> list[tuple[Any, ...]]:
    selects = []
    for number, branch in enumerate(branches):
        places = (branch.columns.get(slot, f"CAST(NULL AS {slot[0]})") for slot in slots)
        selects.append(f"SELECT {number}, {', '.join(places)} FROM ({branch.sql}) part{number}")  # noqa: S608
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(selects), [value for branch in branches for value in branch.params]
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _as_given(branch: Branch, rows: list[Any]) -> Iterator[Any]:
    compiler = branch.compiler
    converters = compiler.get_converters([one[0] for one in compiler.select])
    if converters:
        rows = list(compiler.apply_converters(rows, converters))
    is_plain = branch.rows._iterable_class is ModelIterable
    return _objects(branch, rows) if is_plain else _dicts(branch, rows)


def _objects(branch: Branch, rows: Sequence[Any]) -> Iterator[Any]:
    compiler = branch.compiler
    info = compiler.klass_info
    span = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
    names = [one[0].target.attname for one in compiler.select[span]]
    # The stubs know a later Django.
    related = get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]
    for row in rows:
        obj = info["model"].from_db(DEFAULT_DB_ALIAS, names, row[span])
        for populator in related:
            populator.populate(row, obj)
        for name, place in compiler.annotation_col_map.items():
            setattr(obj, name, row[place])
        yield obj


def _dicts(branch: Branch, rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    query = branch.compiler.query
    names = list(query.selected or (*query.values_select, *query.annotation_select))
    for row in rows:
        yield dict(zip(names, row, strict=True))


def _in_order(branch: Branch, rows: Iterator[Any]) -> list[Any]:
    """A UNION promises no order, whatever its branches say."""
    found = list(rows)
    for name in reversed(branch.rows.query.order_by):
        path = str(name).removeprefix("-").split(LOOKUP_SEP)
        found.sort(key=partial(_value, path), reverse=str(name).startswith("-"))
    return found


def _value(path: Sequence[str], row: Any) -> Any:
    if isinstance(row, dict):
        return row[LOOKUP_SEP.join(path)]
    for name in path:
        row = getattr(row, name)
    return row

"""Which columns lead an index, which is what lets a database find a row by that column alone."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    BaseConstraint,
    Expression,
    Field,
    ForeignKey,
    Index,
    Model,
    OrderBy,
    UniqueConstraint,
)
from django.db.models.expressions import Col
from django.db.models.indexes import IndexExpression


def leading_columns(
    model: type[Model], *, without: Index | BaseConstraint | None = None
) -> set[str]:
    """The columns that lead an index or unique constraint declared in the model's Meta."""
    declared: list[Index | BaseConstraint] = [*model._meta.indexes, *model._meta.constraints]
    named = (
        leading_column(model, item)
        for item in declared
        if without is None or item.name != without.name
    )
    together = (column_of(model, fields[0]) for fields in model._meta.unique_together)
    return {*together, *(column for column in named if column), *_primary_key_lead(model)}


def leading_column(model: type[Model], item: Index | BaseConstraint) -> str | None:
    """The column by which `item` finds every row, or None: a partial index does not."""
    if isinstance(item, Index):
        fields = [name for name, _ in item.fields_orders]
        # Only the plain kind is ordered; GIN, hash and bloom indexes carry another suffix.
        finds_all = item.condition is None and item.suffix == Index.suffix
    elif isinstance(item, UniqueConstraint):
        fields = list(item.fields)
        # CockroachDB knows neither of the last two kinds: Django creates nothing for them.
        unsupported = item.deferrable is not None or item.nulls_distinct is not None
        finds_all = item.condition is None and not unsupported
    else:
        return None
    return column_of(model, fields[0]) if fields and finds_all else None


def column_of(model: type[Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    column: str = field.column
    return column


def wants_index(field: Any) -> bool:
    """Whether a foreign key needs an index: its constraint reads by the column, so `db_index`
    alone does not decide."""
    can_lack_one = isinstance(field, ForeignKey) and not field.unique
    return can_lack_one and bool(field.db_index or field.db_constraint)


def leading_field(
    fields: list[Field[Any, Any]] | None, expressions: Expression | None
) -> Field[Any, Any] | None:
    """The field that comes first in an index, or None when a computed value does."""
    if fields:
        return fields[0]
    first: Any = expressions.get_source_expressions()[0] if expressions else None
    while isinstance(first, IndexExpression | OrderBy):
        first = first.get_source_expressions()[0]
    return first.target if isinstance(first, Col) else None


def _primary_key_lead(model: type[Model]) -> list[str]:
    fields: list[Any] = list(model._meta.pk_fields)
    return [field.column for field in fields[:1]]

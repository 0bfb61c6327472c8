import re
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.db.models import Index
from django_cockroachdb.introspection import DatabaseIntrospection as StockIntrospection

SHARD_COLUMN = re.compile(r"crdb_internal_.+_shard_\d+")


class DatabaseIntrospection(StockIntrospection):  # type: ignore[misc]
    def get_constraints(self, cursor: CursorWrapper, table_name: str) -> dict[str, Any]:
        """The constraints and indexes of a table as Django declared them.

        A hash-sharded index brings a hidden column, leading the index and under a CHECK of its
        own. Migrations look an index up by its columns and would not find it again, so the
        hidden column is left out. Waits for django-cockroachdb issue 264.
        """
        found: dict[str, Any] = super().get_constraints(cursor, table_name)
        return {
            name: constraint
            for name, told in found.items()
            if (constraint := self._without_shard_column(told)) is not None
        }

    def _without_shard_column(self, told: dict[str, Any]) -> dict[str, Any] | None:
        columns: list[str | None] = told["columns"] or []
        kept = [at for at, name in enumerate(columns) if not SHARD_COLUMN.fullmatch(name or "")]
        if len(kept) == len(columns):
            return told
        if not kept:
            return None
        constraint = {**told, "columns": [columns[at] for at in kept]}
        if orders := told.get("orders"):
            constraint["orders"] = [orders[at] for at in kept]
        if told.get("type") == self.index_default_access_method:
            # The bucket count is a storage parameter, which reads as "not a plain index".
            constraint["type"] = Index.suffix
        return constraint

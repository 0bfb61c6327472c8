import re
from typing import Any

from django_cockroachdb.operations import DatabaseOperations as StockOperations

from .pipeline import PreparingCursor

# It went out with the statement, and has a line of its own.
BEGIN = re.compile(r"^BEGIN[^;]*; ")


class DatabaseOperations(StockOperations):  # type: ignore[misc]
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str | None:
        """The statement with its values, for the log of queries.

        One that prepares sends them apart, and forgets the text of what it has prepared.
        """
        if isinstance(cursor, PreparingCursor):
            return str(self.compose_sql(sql, params))
        told: str | None = super().last_executed_query(cursor, sql, params)
        return BEGIN.sub("", told) if told else told

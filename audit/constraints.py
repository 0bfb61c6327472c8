"""A foreign key over two columns: what a row says of the row it names is true of it.

Django has none, and SQL alone cannot add one, since SQLite takes constraints only with the table.
So it is a constraint of the model, as a CHECK is. The field it goes through is a foreign key with
`db_constraint=False`: the database looks the other row up once, not twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import BaseConstraint

DEFERRED = " DEFERRABLE INITIALLY DEFERRED"
"""On SQLite a foreign key is asked at COMMIT, as Django's own are; elsewhere at once."""


class TrueOfReferenced(BaseConstraint):
    """The row that `through` leads to is there, and has the same value in `field`.

    There the key and `field` are unique together.
    """

    def __init__(self, *, through: str, field: str, name: str) -> None:
        super().__init__(name=name)
        self.through, self.field = through, field

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        key = model._meta.get_field(self.through)
        # Not by its label: where SQLite makes a table anew, no other model has one.
        target = key.remote_field.model._meta
        here = (key.column, model._meta.get_field(self.field).column)
        there = (target.pk.column, target.get_field(self.field).column)
        return (
            f"CONSTRAINT {quote(self.name)} FOREIGN KEY ({', '.join(map(quote, here))})"
            f" REFERENCES {quote(target.db_table)} ({', '.join(map(quote, there))})"
            f"{DEFERRED if schema_editor.connection.vendor == 'sqlite' else ''}"
        )

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} ADD {self.constraint_sql(model, schema_editor)}"

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT {quote(self.name)}"

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The commands have the first word, the database the last."""

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "through": self.through, "field": self.field}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TrueOfReferenced):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.through, self.field))

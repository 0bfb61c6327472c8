"""How rows are made many: copies of one that a command made, but for what differs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Model

MANY = 10_000
BATCH = 500
NOW = datetime.now(UTC)

Maker = Callable[[int], Model | None]


def named(what: str, number: int) -> uuid.UUID:
    """The key of a row that others point at."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{what} {number}")


def ago(number: int) -> datetime:
    return NOW - timedelta(minutes=number)


def like(one: Model, **differs: Callable[[int], Any]) -> Maker:
    """Rows like this one but for what differs, each with a key of its own."""
    same = {field.attname: getattr(one, field.attname) for field in one._meta.concrete_fields}
    own: dict[str, Callable[[int], Any]] = {one._meta.pk.attname: lambda _number: uuid.uuid4()}
    if "key" in same:
        own["key"] = lambda number: f"many-{number}"

    def make(number: int) -> Model:
        return type(one)(**same | {name: say(number) for name, say in (own | differs).items()})

    return make


def pour(make: Maker, many: int = MANY) -> None:
    """So many of them into the database, past the kernel: whoever calls this has hushed the guard."""
    rows = [row for number in range(many) if (row := make(number)) is not None]
    type(rows[0])._default_manager.bulk_create(rows, batch_size=BATCH)

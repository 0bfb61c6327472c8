"""One value, one text: what is compared, hashed or signed must not depend on how it was written."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any


def canonical_bytes(value: object, *, allow_floats: bool = False) -> bytes:
    """JSON with sorted keys and no blanks, in ASCII; equal values give equal bytes.

    UUIDs and dates become text (an instant in UTC), enums their value, dataclasses objects,
    tuples lists. Raises TypeError for what has no single text: bytes, sets, anything unknown, and
    floats unless `allow_floats` (for JSON that was read back from a database).
    """
    plain = _plain(value, allow_floats)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _plain(value: object, floats: bool) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value, floats)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and floats:
        return value
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, date):
        return _moment(value)
    return _container(value, floats)


def _moment(value: date) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    return value.isoformat()


def _container(value: object, floats: bool) -> Any:
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("no canonical form for a key that is not text")
        return {str(key): _plain(one, floats) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, floats) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name), floats) for name in names}
    raise TypeError(f"no canonical form for {type(value).__name__}")

"""What changed, in the words of the log.

The rules (which models are on record, which fields are left out or masked) are those registered
with django-auditlog, so that the net and our own commands write the same thing.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from auditlog.registry import auditlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from audit.encryption import SealedField
from audit.masks import mask

NOTHING = "None"
PLAIN = frozenset({str, int, bool, uuid.UUID, datetime})
"""Most values, and what needs no second look."""


@lru_cache(maxsize=256)
def recorded_fields(model: type[models.Model]) -> dict[str, bool]:
    """`{attname: masked}` of the fields that go on record; empty for a model that is not."""
    if not auditlog.contains(model):
        return {}
    rules = auditlog.get_model_fields(model)
    included, excluded = set(rules["include_fields"]), set(rules["exclude_fields"])
    masked = set(rules["mask_fields"])
    return {
        field.attname: field.name in masked or isinstance(field, SealedField)
        for field in model._meta.concrete_fields
        if field.name not in excluded and (not included or field.name in included)
    }


def is_recorded(model: type[models.Model]) -> bool:
    """Whether a change of this model leaves a log entry."""
    return bool(auditlog.contains(model))


def as_text(value: Any) -> str:
    """A value as the log holds it."""
    if type(value) in PLAIN:
        return str(value)
    if value is None or hasattr(value, "resolve_expression"):
        return NOTHING
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, cls=DjangoJSONEncoder)
    return str(value)


def changes_of(
    model: type[models.Model], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> dict[str, list[str]]:
    """`{field: [before, after]}` of what differs; None for old or new means made or gone."""
    found: dict[str, list[str]] = {}
    for attname, masked in recorded_fields(model).items():
        was = old[attname] if old is not None else None
        now = new[attname] if new is not None else None
        if was is now:
            # One object has one text; most of a row does not change.
            continue
        before, after = as_text(was), as_text(now)
        if before != after:
            found[attname] = [mask(before), mask(after)] if masked else [before, after]
    return found

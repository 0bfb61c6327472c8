"""What an entry holds, made readable: each change as before and after, and its further facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.masks import CONSTANT
from audit.models import LogEntry
from audit.reading import field_label, related_name

MASKED = "masked:"
NOTHING = ("None", "", None)

FACTS: dict[str, Any] = {
    "data": gettext_lazy("class of data"),
    "fields": gettext_lazy("fields shown"),
    "rows": gettext_lazy("rows shown"),
    "ids": gettext_lazy("ids shown"),
    "revealed": gettext_lazy("revealed"),
    "reason": gettext_lazy("reason given"),
    "asked": gettext_lazy("asked for"),
    "refusal": gettext_lazy("refused because"),
    "error": gettext_lazy("error"),
    "typed": gettext_lazy("typed (digest)"),
    "factor": gettext_lazy("second factor"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """A value on one side of a change. `is_hidden`: the record proves it without showing it."""

    text: str
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One field, before and after."""

    label: str
    before: Side
    after: Side


@dataclass(frozen=True, slots=True)
class Fact:
    """Something else that an entry knows. Many values are a list."""

    label: str
    values: list[str]


def changes_of(entry: LogEntry) -> list[Change]:
    """The changes of an entry in the words of its model. No queries with `content_type`, but one
    where a role is named by its key."""
    model = entry.content_type.model_class() if entry.content_type else None
    found = []
    for name, change in (entry.changes or {}).items():
        column = _find_column(model, name)
        if _says_nothing(column):
            continue
        before, after = _sides(change)
        label = field_label(name, column)
        found.append(Change(label, _side(before, column), _side(after, column)))
    return found


def facts_of(entry: LogEntry) -> list[Fact]:
    """What an entry says beside its changes: what was shown, why it was refused."""
    known = entry.additional_data
    if not isinstance(known, dict):
        return []
    return [
        Fact(str(FACTS.get(name, name)), values)
        for name, value in known.items()
        if (values := list(_as_texts(value)))
    ]


def _sides(change: Any) -> tuple[Any, Any]:
    if isinstance(change, dict):
        listed = change.get("objects", [])
        return (listed, "") if change.get("operation") == "delete" else ("", listed)
    before, after = change
    return before, after


def _side(value: Any, column: Any) -> Side:
    if isinstance(value, list):
        return Side(", ".join(related_name(column, str(one)) for one in value))
    if value in NOTHING:
        return Side("")
    text = str(value)
    if text.startswith(MASKED) or text == CONSTANT:
        return Side(_("hidden"), is_hidden=True)
    return Side(_in_words(text, column))


def _in_words(text: str, column: Any) -> str:
    """A value as people write it: a choice, a yes, a moment, what a relation leads to."""
    choices = {str(key): str(label) for key, label in getattr(column, "flatchoices", [])}
    if text in choices:
        return choices[text]
    if isinstance(column, models.BooleanField) and text in ("True", "False"):
        return _("yes") if text == "True" else _("no")
    if isinstance(column, models.DateTimeField) and (moment := _read_moment(text)) is not None:
        return f"{date_format(moment, 'DATE_FORMAT')} {moment:%H:%M:%S}"
    return related_name(column, text)


def _read_moment(text: str) -> datetime | None:
    """A moment of the record, where the reader is; what names no zone is UTC."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None:
        return None
    return localtime(moment if is_aware(moment) else moment.replace(tzinfo=UTC))


def _find_column(model: type[models.Model] | None, attname: str) -> Any:
    if model is None:
        return None
    try:
        return model._meta.get_field(attname)
    except FieldDoesNotExist:
        return next((one for one in model._meta.concrete_fields if one.attname == attname), None)


def _says_nothing(column: Any) -> bool:
    """The key of a row, which its object is named by, and what other rows point at it with."""
    return getattr(column, "primary_key", False) or getattr(column, "one_to_many", False)


def _as_texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{name}: {one}" for name, one in value.items())
    elif isinstance(value, list):
        yield from (str(one) for one in value)
    elif value not in NOTHING:
        yield str(value)

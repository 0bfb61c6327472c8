"""A read is an event: what a request showed, as one entry.

A view says what it shows with `saw()`; the middleware writes one entry before the answer leaves.
Which class of data a route shows stands in one table (`config.routes`), and a route without a row
in it fails a test.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import models
from django.http import HttpRequest

from audit import log, looks
from audit.actor import current_actor
from audit.models import LogEntry, Outcome

MOST_IDS = 100
OPENING = ("key", "ticket")
"""Parts of an address that open something: a key out of a mail, a sealed search. Not kept."""


class DataClass(StrEnum):
    """What sort of data a route shows. `NOTHING` and `OWN` leave no access entry."""

    NOTHING = "nothing"
    OWN = "own"
    STAFF = "staff"
    PAYMENT = "payment"
    PERSON = "person"
    RECORD = "record"
    SETTINGS = "settings"

    @property
    def is_recorded(self) -> bool:
        return self not in (DataClass.NOTHING, DataClass.OWN)


@dataclass(frozen=True, slots=True)
class Route:
    """What a route shows: its class of data and the fields a person can read there."""

    data: DataClass
    fields: tuple[str, ...] = ()


@dataclass(slots=True)
class Seen:
    """What one request showed, gathered while it runs."""

    obj: models.Model | None = None
    ids: list[str] = field(default_factory=list)
    count: int = 0
    revealed: list[str] = field(default_factory=list)
    reason: str = ""
    subjects: dict[uuid.UUID, None] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def _seen(request: HttpRequest) -> Seen:
    note = getattr(request, "_seen", None)
    if note is None:
        note = Seen()
        request._seen = note  # type: ignore[attr-defined]
    return note


def saw(
    request: HttpRequest,
    shown: models.Model | Iterable[models.Model],
    *,
    revealed: Sequence[str] = (),
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Note what this request shows: one object, or the rows of a list. Nothing is written yet.

    `facts` is what else the entry should tell: JSON without personal data.
    """
    note = _seen(request)
    if isinstance(shown, models.Model):
        note.obj = note.obj or shown
        rows: list[models.Model] = [shown]
    else:
        rows = list(shown)
    note.count += len(rows)
    note.ids += [str(row.pk) for row in rows][: MOST_IDS - len(note.ids)]
    note.subjects |= dict.fromkeys(looks.subjects_of(rows))
    note.revealed += revealed
    note.reason = note.reason or reason
    note.facts |= facts or {}


def has_shown(request: HttpRequest) -> bool:
    """Whether a view has noted anything for this request."""
    return hasattr(request, "_seen")


def showed_nothing(request: HttpRequest) -> None:
    """What a view noted does not count: the door was shut after all."""
    if has_shown(request):
        del request._seen  # type: ignore[attr-defined]


def record_access(request: HttpRequest, name: str, route: Route, *, denied: bool = False) -> None:
    """Write the entry of this request, then who was seen: two INSERTs. Raises RecordUnavailable."""
    note = _seen(request)
    data: dict[str, Any] = {
        **note.facts,
        "data": route.data.value,
        "fields": list(route.fields),
        "rows": note.count,
        "ids": note.ids,
    }
    if note.subjects:
        data["subjects"] = len(note.subjects)
    if note.revealed:
        data["revealed"] = note.revealed
    if note.reason:
        data["reason"] = note.reason
    match = request.resolver_match
    asked = match.kwargs if note.obj is None and match else {}
    if kept := {name: str(value)[:64] for name, value in asked.items() if name not in OPENING}:
        data["asked"] = kept
    entry = log.make_entry(
        current_actor(),
        f"access.{name.replace(':', '.')}",
        action=LogEntry.Action.ACCESS,
        outcome=Outcome.DENIED if denied else Outcome.DONE,
        obj=note.obj,
        data=data,
    )
    log.write([entry])
    looks.write(entry, list(note.subjects))

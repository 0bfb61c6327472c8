"""Which changes are told, and how their objects are presented. Higher apps fill it in `ready()`.

One table: a row's model and its event in the log lead to the public type of event. So no command
has to remember to tell, and a change is told exactly when it is on record.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db import models

from audit.work import Change, Work
from payments.webhooks.policy import TEST


@dataclass(frozen=True, slots=True)
class About:
    """What an event is about: `obj` is a row of the Work with a `version`, which grows with it."""

    kind: str
    obj: models.Model
    merchant_id: uuid.UUID
    is_live: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An object as the API presents it, and the row itself, for the record of who saw it."""

    row: models.Model
    data: dict[str, Any]


TypeOf: TypeAlias = "str | Callable[[Change], str]"
"""A public type, or what tells it by the change."""
Presenter: TypeAlias = Callable[[Collection[uuid.UUID]], Mapping[uuid.UUID, Shown]]


@dataclass(frozen=True, slots=True)
class Telling:
    """How a change is told. `by` are the fields that make it one: a command may touch a row under
    its own event without that having happened."""

    type_of: TypeOf
    about: Callable[[Work, Any], About]
    by: frozenset[str]


told: dict[tuple[type[models.Model], str], Telling] = {}
presenters: dict[str, Presenter] = {}
links: dict[str, str] = {}
"""The route of an object's page by its kind; it takes the id as its only argument."""
types: list[str] = [TEST]
"""Every public type of event, in the order in which they are offered."""


def tell(
    model: type[models.Model],
    about: Callable[[Work, Any], About],
    events: Mapping[str, TypeOf],
    names: Iterable[str],
    by: Iterable[str] = (),
) -> None:
    """Have the changes of `model` told: new rows, and those where all of `by` differ. `names` are
    the types that its events may have."""
    for event, type_of in events.items():
        told[model, event] = Telling(type_of, about, frozenset(by))
    types.extend(name for name in names if name not in types)


def offered() -> list[str]:
    """The types that an endpoint may choose from."""
    return [one for one in types if one != TEST]


def present(wanted: Iterable[tuple[str, uuid.UUID]]) -> dict[uuid.UUID, Shown]:
    """The objects as they are now, by id. The presenters' own queries, once for each kind."""
    by_kind: dict[str, set[uuid.UUID]] = {}
    for kind, object_id in wanted:
        by_kind.setdefault(kind, set()).add(object_id)
    found: dict[uuid.UUID, Shown] = {}
    for kind, ids in by_kind.items():
        if kind in presenters:
            found.update(presenters[kind](ids))
    return found

"""The one place where anything is written.

Domain code computes on plain objects and tells its `Work` what is new and what changed. Just
before COMMIT all of it goes out together (`audit.flush`): rows, their entries in the log, the
outbox. Nothing changes without its entry, nobody calls `save()`, and the cost is a small number
of statements that can be counted.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import models
from django.db.models.expressions import BaseExpression
from django.utils.translation import gettext_lazy as _

from audit import reads
from audit.actor import Actor
from audit.errors import KernelError, Kind, Refusal
from audit.owned import KeyedModel

M = TypeVar("M", bound=models.Model)
K = TypeVar("K", bound=KeyedModel)


@dataclass(slots=True)
class Tracked:
    """A row the Work knows. `loaded` is None for a new one."""

    obj: models.Model
    loaded: dict[str, Any] | None
    touched: set[str] = field(default_factory=set)
    event: str = ""
    removed: bool = False

    def changed(self) -> set[str]:
        """The attnames whose values differ from what was loaded."""
        if self.loaded is None:
            return set()
        now = self.obj.__dict__
        return {name for name, value in self.loaded.items() if now.get(name) != value}


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is about to be written. `fields` are those that differ from `before`; none in a
    new row."""

    event: str
    obj: models.Model
    fields: set[str]
    before: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Take:
    """A guarded balance to be moved: down only while it holds enough, up always."""

    model: type[models.Model]
    pk: Any
    minor: int
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Later:
    """A task to be run once this is committed. `kwargs` are ids: JSON, no personal data."""

    task: str
    kwargs: dict[str, Any]
    due_at: datetime


def capture(obj: models.Model) -> dict[str, Any]:
    """The values of an object as they are now; JSON is copied so that a change in place shows."""
    values: dict[str, Any] = {}
    for column in obj._meta.concrete_fields:
        if column.attname not in obj.__dict__:
            raise KernelError(f"{obj._meta.label}.{column.name} is deferred: load whole rows")
        value = obj.__dict__[column.attname]
        values[column.attname] = copy.deepcopy(value) if isinstance(value, dict | list) else value
    return values


class Work:
    """One attempt at one change: who, when, and everything that is to be written."""

    def __init__(
        self,
        actor: Actor,
        now: datetime,
        event: str,
        *,
        key: str | None = None,
        fingerprint: str = "",
    ) -> None:
        self.actor = actor
        self.now = now
        self.event = event
        self.key = key
        self.fingerprint = fingerprint
        self.command_id = uuid.uuid4()
        self.is_open = True
        self.is_flushing = False
        self.was_replayed = False
        self.rows: dict[tuple[type[models.Model], Any], Tracked] = {}
        self.takes: list[Take] = []
        self.entries: list[tuple[str, dict[str, Any]]] = []
        self.laters: list[Later] = []

    # Reading

    def load(self, queryset: models.QuerySet[M], *, also: Sequence[str] = ()) -> list[M]:
        """The only way to objects that may change: one instance per row per attempt.

        `also` names foreign keys whose rows come in the same SELECT and may be changed too.
        Whole rows (no `defer`, no `values`). Costs the queryset's own statements.
        """
        self.assert_open()
        if not also:
            return [self._adopt(obj) for obj in queryset]
        return [self._adopt_with(obj, also) for obj in queryset.select_related(*also)]

    def load_one(
        self,
        queryset: models.QuerySet[M],
        missing: Refusal | None = None,
        *,
        also: Sequence[str] = (),
    ) -> M:
        """The single row of a queryset; `missing` (or a plain "not found") when there is none."""
        rows = self.load(queryset[:2], also=also)
        if len(rows) > 1:
            raise KernelError(f"{queryset.model._meta.label}: more than one row")
        if not rows:
            raise missing or Refusal("not_found", _("There is no such thing."), Kind.MISSING)
        return rows[0]

    def find(
        self,
        model: type[M],
        *,
        also: tuple[str, ...] = (),
        order_by: str = "",
        limit: int = 1,
        locked: bool = False,
        **equal: Any,
    ) -> list[M]:
        """As `load`, by equal values alone, from a SELECT that is compiled once (`audit.reads`)."""
        self.assert_open()
        rows = reads.find(reads.Wanted(model, equal, also, order_by, limit, locked))
        return [self._adopt_with(obj, also) for obj in rows]

    def replay(self, model: type[K]) -> K | None:
        """What this command's key made before, or None.

        Raises a conflict when the key was used with other parameters. One SELECT, which may be
        asked before the transaction begins: of two at once the UNIQUE on the key lets one pass.
        """
        self.assert_open()
        if self.key is None:
            return None
        return self._replayed(reads.find(reads.Wanted(model, {"key": self.key}), apart=True))

    def replay_or_find(self, model: type[K], wanted: reads.Wanted[M]) -> tuple[K | None, list[M]]:
        """As `replay`, and as `find` for what is `wanted` if nothing is replayed. One wait."""
        self.assert_open()
        made, rows = reads.find_both(reads.Wanted(model, {"key": self.key}), wanted)
        if (done := self._replayed(made)) is not None:
            return done, []
        return None, [self._adopt_with(obj, wanted.also) for obj in rows]

    def _replayed(self, made: list[K]) -> K | None:
        found = next(iter(made), None)
        if found is not None and found.fingerprint != self.fingerprint:
            raise Refusal(
                "key_reused",
                _("This key was already used for something else."),
                Kind.CONFLICT,
                about=found,
            )
        self.was_replayed = found is not None
        return found

    def _adopt_with(self, obj: M, also: Sequence[str]) -> M:
        kept = self._adopt(obj)
        for name in also:
            related = getattr(obj, name)
            if related is not None:
                setattr(kept, name, self._adopt(related))
        return kept

    def _adopt(self, obj: M) -> M:
        slot = (type(obj), obj.pk)
        known = self.rows.get(slot)
        if known is not None:
            return known.obj  # type: ignore[return-value]
        self.rows[slot] = Tracked(obj, capture(obj))
        return obj

    # Writing

    def add(self, *objects: models.Model, event: str = "") -> None:
        """New rows. Their keys are made in Python, so no INSERT waits for an answer."""
        self.assert_open()
        for obj in objects:
            slot = (type(obj), obj.pk)
            if obj.pk is None or slot in self.rows:
                raise KernelError(f"{obj._meta.label}: added twice, or without a key")
            self.rows[slot] = Tracked(obj, None, event=event)

    def change(self, obj: models.Model, /, *, event: str = "", **fields: Any) -> None:
        """Set fields of an object that this attempt loaded or added.

        Any other object raises. `event` names the business event in the log; without it the
        command's own name stands there.
        """
        tracked = self._tracked(obj)
        for name, value in fields.items():
            if isinstance(value, BaseExpression) or hasattr(value, "resolve_expression"):
                raise KernelError("an expression has no value to put on record")
            setattr(obj, name, value)
            tracked.touched.add(obj._meta.get_field(name).attname)  # type: ignore[union-attr]
        if event:
            tracked.event = event

    def remove(self, obj: models.Model) -> None:
        """Delete a row (drafts and retention only)."""
        tracked = self._tracked(obj)
        if tracked.loaded is None:
            del self.rows[(type(obj), obj.pk)]
            return
        tracked.removed = True

    def take(self, account: models.Model, minor: int, refusal: Refusal) -> None:
        """Take `minor` units from a guarded balance; `refusal` if it does not hold so much.

        Sent first in the flush as one conditional UPDATE, and asserted in it.
        """
        self._move(account, -minor, minor, refusal)

    def give(self, account: models.Model, minor: int) -> None:
        """Add `minor` units to a guarded balance."""
        self._move(account, minor, minor, None)

    def _move(self, account: models.Model, by: int, minor: int, refusal: Refusal | None) -> None:
        self.assert_open()
        if type(minor) is not int or minor <= 0:
            raise KernelError("a guarded balance moves by a positive number of minor units")
        tracked = self.rows.get((type(account), account.pk))
        if tracked is not None and tracked.loaded is None:
            # Not in the database yet: the row itself goes out with its balance.
            values = tracked.obj.__dict__
            if refusal is not None and values["balance_minor"] + by < 0:
                raise refusal
            values["balance_minor"] += by
            return
        self.takes.append(Take(type(account), account.pk, by, refusal))

    def later(self, task: str, *, due_at: datetime | None = None, **kwargs: Any) -> None:
        """Have the outbox run `task` with these ids once this is committed."""
        self.assert_open()
        self.laters.append(Later(task, kwargs, due_at or self.now))

    def record(self, event: str, **what: Any) -> None:
        """An entry of its own, for what happened beside the changed rows (see `log.make_entry`)."""
        self.assert_open()
        self.entries.append((event, what))

    # Keeping the rules

    def assert_open(self) -> None:
        """Steps are used inside somebody's Work, never after it."""
        if not self.is_open:
            raise KernelError("this Work is over")

    def _tracked(self, obj: models.Model) -> Tracked:
        self.assert_open()
        tracked = self.rows.get((type(obj), obj.pk))
        if tracked is None or tracked.obj is not obj:
            raise KernelError(f"{obj._meta.label} was not loaded or added by this Work")
        return tracked

    def find_loaded(self, model: type[M], pk: Any) -> dict[str, Any] | None:
        """The values of a row as this attempt loaded it; None of one that it did not. No query."""
        tracked = self.rows.get((model, pk))
        return tracked.loaded if tracked else None

    def list_new(self, model: type[M]) -> list[M]:
        """The rows of a model that this attempt makes, in the order in which it made them."""
        rows = [row for (kind, _pk), row in self.rows.items() if kind is model]
        return [row.obj for row in rows if row.loaded is None]  # type: ignore[misc]

    def find_held(self, model: type[M], pk: Any) -> M | None:
        """A row that this attempt loaded or added already. No query."""
        tracked = self.rows.get((model, pk))
        return tracked.obj if tracked else None  # type: ignore[return-value]

    def changes(self) -> list[Change]:
        """What is new or differs from what was loaded, each with its event in the log."""
        return [
            Change(row.event or self.event, row.obj, fields, row.loaded)
            for row in self.rows.values()
            if not row.removed and ((fields := row.changed()) or row.loaded is None)
        ]

    def first_loaded(self) -> models.Model | None:
        """What the command was about, for the record of a denial."""
        return next((row.obj for row in self.rows.values() if row.loaded is not None), None)


_ambient: ContextVar[Work | None] = ContextVar("ambient_work", default=None)


@contextmanager
def ambient(work: Work) -> Iterator[Work]:
    """For requests whose writes Django and third parties make themselves (admin, allauth)."""
    token = _ambient.set(work)
    try:
        yield work
    finally:
        _ambient.reset(token)


def find_ambient() -> Work | None:
    """The Work of the request under way, if the request has one."""
    return _ambient.get()

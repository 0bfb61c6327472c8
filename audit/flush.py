"""Everything a Work holds, out to the database, in one order that foreign keys allow.

Guarded balances first (they are what fails), then new rows parents first, changed rows, removed
rows, the log in ONE INSERT, the outbox. Where the engine can, all of it goes out as one pipeline
with COMMIT in it, so nothing can be looked at in between: a condition is a CHECK, a UNIQUE, or
part of its statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from django.db import models

from audit import guard, log, statements
from audit.diff import changes_of, is_recorded
from audit.errors import KernelError
from audit.models import LogEntry
from audit.statements import Statement
from audit.work import Later, Tracked, Work, capture

outbox_rows: list[Callable[[Work, Sequence[Later]], Sequence[models.Model]]] = []
"""The outbox registers its row maker here: the kernel does not know its table."""


def flush(work: Work) -> None:
    """Write all of it. Call once, last, inside the transaction: it may have committed."""
    work.assert_open()
    work.is_flushing = True
    entries = _entries(work)
    new = [row.obj for row in work.rows.values() if row.loaded is None]
    later = _later(work)
    with guard.flushing():
        statements.send_last(
            [
                *_moves(work),
                *_insertions(new),
                *_updates([row for row in work.rows.values() if row.changed() and not row.removed]),
                *_removals([row for row in work.rows.values() if row.removed]),
                *statements.insertions(entries, is_record=True),
                *_insertions(later),
            ]
        )
    statements.mark_stored(new, entries, later)
    work.is_open = False


def _moves(work: Work) -> Iterator[Statement]:
    for take in sorted(work.takes, key=lambda one: (str(one.pk), one.minor)):
        yield statements.move(take.model, take.pk, take.minor, take.refusal)


def _insertions(rows: Sequence[models.Model]) -> Iterator[Statement]:
    by_model: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for row in rows:
        by_model[type(row)].append(row)
    for model in _parents_first(frozenset(by_model)):
        yield from statements.insertions(by_model[model])


@lru_cache(maxsize=512)
def _parents_first(some: frozenset[type[models.Model]]) -> tuple[type[models.Model], ...]:
    ordered: list[type[models.Model]] = []

    def place(model: type[models.Model], path: tuple[type[models.Model], ...]) -> None:
        if model in ordered or model in path:
            return
        for column in model._meta.concrete_fields:
            target = column.related_model
            if isinstance(target, type) and target in some:
                place(target, (*path, model))
        ordered.append(model)

    for model in sorted(some, key=lambda one: one._meta.label):
        place(model, ())
    return tuple(ordered)


def _updates(rows: Sequence[Tracked]) -> Iterator[Statement]:
    groups: dict[tuple[type[models.Model], frozenset[str]], list[Tracked]] = defaultdict(list)
    for row in rows:
        groups[(type(row.obj), frozenset(row.changed()))].append(row)
    for (model, attnames), group in groups.items():
        if getattr(model, "append_only", False):
            raise KernelError(f"{model._meta.label} is append-only")
        yield from statements.updates([row.obj for row in group], attnames)


def _removals(rows: Sequence[Tracked]) -> Iterator[Statement]:
    by_model: dict[type[models.Model], list[Any]] = defaultdict(list)
    for row in rows:
        if getattr(row.obj, "append_only", False):
            raise KernelError(f"{row.obj._meta.label} is append-only")
        by_model[type(row.obj)].append(row.obj.pk)
    for model in reversed(_parents_first(frozenset(by_model))):
        yield from statements.removals(model, by_model[model])


def _entries(work: Work) -> list[LogEntry]:
    entries = [entry for row in work.rows.values() if (entry := _entry(work, row)) is not None]
    for event, what in work.entries:
        entries.append(
            log.make_entry(
                work.actor,
                event,
                **{"command_id": work.command_id, "effective_at": work.now, **what},
            )
        )
    return entries


def _entry(work: Work, row: Tracked) -> LogEntry | None:
    changed = row.changed()
    if stray := changed - row.touched:
        raise KernelError(f"{row.obj._meta.label}: {sorted(stray)} not set through work.change")
    model = type(row.obj)
    if not is_recorded(model) or (row.loaded is not None and not changed and not row.removed):
        return None
    now = None if row.removed else capture(row.obj)
    action = LogEntry.Action.UPDATE
    if row.removed:
        action = LogEntry.Action.DELETE
    elif row.loaded is None:
        action = LogEntry.Action.CREATE
    return log.make_entry(
        work.actor,
        row.event or work.event,
        action=action,
        obj=row.obj,
        changes=changes_of(model, row.loaded, now),
        command_id=work.command_id,
        effective_at=work.now,
    )


def _later(work: Work) -> list[models.Model]:
    if not work.laters:
        return []
    if not outbox_rows:
        raise KernelError("no outbox is installed")
    return [row for make in outbox_rows for row in make(work, work.laters)]

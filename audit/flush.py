"""Everything a Work holds, out to the database, in one order that foreign keys allow.

Guarded balances first (they are what fails), then new rows parents first, changed rows, removed
rows, the log in ONE INSERT, the outbox. Nothing is checked after it: a condition is a CHECK, a
UNIQUE, or an assertion made here, before COMMIT.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from django.db import models
from django.db.models import F

from audit import guard, log, statements
from audit.diff import changes_of, is_recorded
from audit.errors import KernelError
from audit.models import LogEntry
from audit.work import Later, Tracked, Work, capture

outbox_rows: list[Callable[[Work, Sequence[Later]], Sequence[models.Model]]] = []
"""The outbox registers its row maker here: the kernel does not know its table."""


def flush(work: Work) -> None:
    """Write all of it. Call once, last, inside the transaction."""
    work.assert_open()
    work.is_flushing = True
    entries = _entries(work)
    with guard.flushing():
        _move_balances(work)
        _insert([row for row in work.rows.values() if row.loaded is None])
        _update([row for row in work.rows.values() if row.changed() and not row.removed])
        _remove([row for row in work.rows.values() if row.removed])
        log.write(entries)
        _send_later(work)
    work.is_open = False


def _move_balances(work: Work) -> None:
    for take in sorted(work.takes, key=lambda one: (str(one.pk), one.minor)):
        rows = take.model._base_manager.filter(pk=take.pk)
        if take.minor < 0:
            rows = rows.filter(balance_minor__gte=-take.minor)
        touched = rows.update(balance_minor=F("balance_minor") + take.minor)
        if touched == 1:
            continue
        if take.refusal is not None:
            raise take.refusal
        raise KernelError(f"{take.model._meta.label} {take.pk} is not there")


def _insert(rows: Sequence[Tracked]) -> None:
    by_model: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for row in rows:
        by_model[type(row.obj)].append(row.obj)
    for model in _parents_first(frozenset(by_model)):
        statements.insert(by_model[model])


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


def _update(rows: Sequence[Tracked]) -> None:
    groups: dict[tuple[type[models.Model], frozenset[str]], list[Tracked]] = defaultdict(list)
    for row in rows:
        groups[(type(row.obj), frozenset(row.changed()))].append(row)
    for (model, attnames), group in groups.items():
        if getattr(model, "append_only", False):
            raise KernelError(f"{model._meta.label} is append-only")
        touched = statements.update([row.obj for row in group], attnames)
        _assert_touched(model, touched, len(group))


def _remove(rows: Sequence[Tracked]) -> None:
    by_model: dict[type[models.Model], list[Any]] = defaultdict(list)
    for row in rows:
        if getattr(row.obj, "append_only", False):
            raise KernelError(f"{row.obj._meta.label} is append-only")
        by_model[type(row.obj)].append(row.obj.pk)
    for model in reversed(_parents_first(frozenset(by_model))):
        gone = model._base_manager.filter(pk__in=by_model[model])
        touched = gone._raw_delete(gone.db)
        _assert_touched(model, touched, len(by_model[model]))


def _assert_touched(model: type[models.Model], touched: int, expected: int) -> None:
    if touched != expected:
        raise KernelError(f"{model._meta.label}: {touched} rows written, {expected} expected")


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


def _send_later(work: Work) -> None:
    if not work.laters:
        return
    if not outbox_rows:
        raise KernelError("no outbox is installed")
    for make in outbox_rows:
        _insert([Tracked(obj, None) for obj in make(work, work.laters)])

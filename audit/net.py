"""The net under what Django and third parties save by themselves.

django-auditlog's signals write the entry; ours, run before, make sure that somebody acts, tell
the guard that the write is announced, and give each entry its actor and its event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from auditlog.registry import auditlog
from django.db import models
from django.db.models.signals import (
    m2m_changed,
    post_delete,
    post_save,
    pre_delete,
    pre_save,
)

from audit import clock, guard
from audit.actor import current_actor
from audit.log import describe_actor
from audit.masks import conceal
from audit.models import LogEntry
from audit.work import find_ambient

VERBS = {
    LogEntry.Action.CREATE: "created",
    LogEntry.Action.UPDATE: "changed",
    LogEntry.Action.DELETE: "removed",
    LogEntry.Action.ACCESS: "seen",
    LogEntry.Action.EVENT: "noted",
}


_concealed: dict[str, set[str]] = defaultdict(set)
_unnamed: set[str] = set()


def cover(
    model: type[models.Model],
    *,
    masked: Sequence[str] = (),
    concealed: Sequence[str] = (),
    left_out: Sequence[str] = (),
    m2m: Sequence[str] = (),
    unnamed: bool = False,
) -> None:
    """Put a model that others save on record, and refuse writes to it that no signal announces.

    `masked` fields leave a keyed digest, `concealed` ones only that they changed. `unnamed` is for
    a model whose `__str__` holds personal data: the entry names it by its key.
    """
    auditlog.register(
        model,
        mask_fields=[*masked, *concealed],
        exclude_fields=list(left_out),
        m2m_fields=set(m2m),
    )
    _concealed[model._meta.label_lower].update(concealed)
    if unnamed:
        _unnamed.add(model._meta.label_lower)
    guard.netted.add(model._meta.db_table)
    pre_save.connect(_before_write, sender=model, dispatch_uid=("net", model))
    pre_delete.connect(_before_write, sender=model, dispatch_uid=("net", model))
    post_save.connect(_after_write, sender=model, dispatch_uid=("net", model))
    post_delete.connect(_after_write, sender=model, dispatch_uid=("net", model))
    for name in m2m:
        through = getattr(model, name).through
        guard.netted.add(through._meta.db_table)
        m2m_changed.connect(_around_m2m, sender=through, dispatch_uid=("net", through))


def keep(
    model: type[models.Model], *, masked: Sequence[str] = (), left_out: Sequence[str] = ()
) -> None:
    """Put an owned model on record: `Work` makes its entries by these rules."""
    auditlog.register(model, mask_fields=list(masked), exclude_fields=list(left_out))


def _before_write(sender: type[models.Model], **_: Any) -> None:
    current_actor()
    guard.announce(sender._meta.db_table)


def _after_write(sender: type[models.Model], **_: Any) -> None:
    guard.withdraw(sender._meta.db_table)


def _around_m2m(sender: type[models.Model], action: str, **_: Any) -> None:
    table = sender._meta.db_table
    if action.startswith("pre_"):
        current_actor()
        guard.announce(table)
    else:
        guard.withdraw(table)


def complete_entry(sender: type[LogEntry], instance: LogEntry, **_: Any) -> None:
    """On `pre_save` of an entry that django-auditlog made: who, in what, and when it counts."""
    if not instance._state.adding or instance.event:
        return
    for name, value in describe_actor(current_actor()).items():
        setattr(instance, name, value)
    work = find_ambient()
    instance.command_id = work.command_id if work else None
    instance.effective_at = clock.now()
    model = instance.content_type.model_class() if instance.content_type else None
    label = model._meta.label_lower if model else "unknown"
    instance.event = f"{label}.{VERBS[instance.action]}"
    name = f"{label} {instance.object_pk}" if label in _unnamed else instance.object_repr
    instance.object_repr = name[:200]
    for hidden in _concealed[label] & set(instance.changes or ()):
        instance.changes[hidden] = [conceal(value) for value in instance.changes[hidden]]

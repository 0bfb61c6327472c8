"""Making and writing log entries."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models

from audit import clock, statements
from audit.actor import Actor, ActorKind, current_actor
from audit.models import LogEntry, Outcome

Action = LogEntry.Action


def describe_actor(actor: Actor) -> dict[str, Any]:
    """The columns of an entry that say who."""
    return {
        "actor_id": actor.user_id if actor.kind is ActorKind.USER else None,
        "actor_kind": actor.kind.value,
        "actor_label": actor.label[:120],
        "actor_roles": list(actor.roles),
        "purpose": actor.purpose[:200],
        "cid": actor.request_id[:64],
        "remote_addr": actor.address,
    }


def describe_object(obj: models.Model | None) -> dict[str, Any]:
    """The columns of an entry that say what; an object's `__str__` holds no personal data."""
    if obj is None:
        return {}
    return {
        "content_type_id": ContentType.objects.get_for_model(obj._meta.model).pk,
        "object_pk": str(obj.pk),
        "object_repr": str(obj)[:200],
    }


def make_entry(
    actor: Actor,
    event: str,
    *,
    action: int = Action.EVENT,
    outcome: Outcome = Outcome.DONE,
    obj: models.Model | None = None,
    changes: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    command_id: uuid.UUID | None = None,
    effective_at: datetime | None = None,
) -> LogEntry:
    """An entry not yet written. `data` is JSON without personal data."""
    return LogEntry(
        event=event[:80],
        action=action,
        outcome=outcome,
        changes=changes,
        additional_data=data,
        command_id=command_id,
        effective_at=effective_at or clock.now(),
        **describe_actor(actor),
        **describe_object(obj),
    )


def write(entries: Sequence[LogEntry]) -> None:
    """All of them in one INSERT; RecordUnavailable when the log does not take them."""
    if not entries:
        return
    statements.send(list(statements.insertions(entries, is_record=True)))
    statements.mark_stored(entries)


def record(event: str, **what: Any) -> None:
    """One event on its own, by whoever acts now: in the ambient Work if there is one."""
    from audit.work import find_ambient

    work = find_ambient()
    if work is not None:
        work.record(event, **what)
        return
    write([make_entry(current_actor(), event, **what)])

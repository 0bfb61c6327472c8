"""Taking in what a provider tells, and saying what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import scrub
from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.meanings import check_meaning
from payments.gateways.models import InboundEvent, Mapping, ProviderCall
from payments.gateways.states import check_settling

Status = InboundEvent.Status
MOST_REPLAYED = 500


@command("gateways.event.received")
def receive_event(
    work: Work,
    *,
    connector: str,
    event_id: str,
    type: str,  # noqa: A002
    object_kind: str,
    object_reference: str,
    authorization_reference: str,
    body: str,
    occurred_at: datetime,
    account_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Keep a verified message and have it processed; returns the id of its row.

    A repeat (same connector and event id, whatever else it says) returns the same id and changes
    nothing. One SELECT besides the flush.
    """
    known = InboundEvent.objects.filter(connector=connector, event_id=event_id)
    found = known.values_list("pk", flat=True).first()
    if found is not None:
        return found
    event = InboundEvent(
        connector=connector,
        account_id=account_id,
        event_id=event_id,
        type=type,
        object_kind=object_kind,
        object_reference=object_reference,
        authorization_reference=authorization_reference,
        body=scrub(body),
        occurred_at=occurred_at,
        received_at=work.now,
        request_id=work.actor.request_id[:64],
    )
    work.add(event)
    work.later("gateways.process_event", event_id=str(event.pk))
    return event.pk


@command("gateways.event.settled")
def settle_event(
    work: Work,
    *,
    event_id: uuid.UUID,
    status: str,
    note: str = "",
    unknown_kind: str = "",
    unknown_status: str = "",
) -> None:
    """Say what became of an event. The same again changes nothing.

    `unknown_kind` and `unknown_status` name what nobody could make sense of.

    Raises a conflict (`illegal_move`) for an event that has ended in another way.
    """
    event = work.load_one(InboundEvent.objects.filter(pk=event_id))
    if event.status == status:
        return
    check_settling(event, status)
    work.change(
        event,
        event=f"gateways.event.{status}",
        status=status,
        note=note[:200],
        unknown_kind=unknown_kind[:40],
        unknown_status=unknown_status[:80],
    )


@command("gateways.event.replayed")
def replay_event(work: Work, *, event_id: uuid.UUID) -> InboundEvent:
    """Have an event processed anew, whatever became of it. Any number of times ends the same."""
    event = work.load_one(
        InboundEvent.objects.filter(pk=event_id),
        Refusal("event_missing", _("There is no such event."), Kind.MISSING),
    )
    _replay(work, event)
    return event


@command("gateways.event.closed")
def close_event(work: Work, *, event_id: uuid.UUID) -> InboundEvent:
    """A person has dealt with what was put aside, here or at the provider: nothing more is made of
    it. A repeat changes nothing. Refuses one that is not put aside."""
    event = work.load_one(
        InboundEvent.objects.filter(pk=event_id),
        Refusal("event_missing", _("There is no such event."), Kind.MISSING),
    )
    if event.status == Status.IGNORED:
        return event
    if event.status != Status.QUARANTINED:
        message = _("This event is not put aside.")
        raise Refusal("event_not_put_aside", message, Kind.CONFLICT, about=event)
    work.change(event, event="gateways.event.closed", status=Status.IGNORED)
    return event


@command("gateways.events.replayed")
def replay_events(
    work: Work,
    *,
    connector: str,
    type: str,  # noqa: A002
    note: str,
) -> int:
    """Have all that was put aside for one reason processed anew, the oldest 500; how many."""
    rows = InboundEvent.objects.filter(
        status=Status.QUARANTINED, connector=connector, type=type, note=note
    )
    events = work.load(rows.order_by("received_at", "pk")[:MOST_REPLAYED])
    if not events:
        raise Refusal("replay.nothing", _("Nothing of this kind is put aside."), Kind.CONFLICT)
    for event in events:
        _replay(work, event)
    return len(events)


def _replay(work: Work, event: InboundEvent) -> None:
    if event.status != Status.RECEIVED:
        work.change(event, event="gateways.event.replayed", status=Status.RECEIVED, note="")
    work.later("gateways.process_event", event_id=str(event.pk))


@command("gateways.mapping.set")
def map_word(
    work: Work, *, connector: str, sort: str, object_kind: str, raw: str, meaning: str
) -> Mapping:
    """Say what a provider's word means; said anew, the new meaning counts.

    Refuses a meaning that is none of ours and a word that is known. What was put aside for it is
    replayed by `replay_events`.
    """
    check_meaning(sort, object_kind, raw, meaning)
    if connector not in settings.GATEWAYS:
        raise Refusal("mapping.connector", _("There is no such provider."))
    known = work.load(
        Mapping.objects.filter(connector=connector, sort=sort, object_kind=object_kind, raw=raw)
    )
    if known:
        by = work.actor.user_id
        work.change(known[0], meaning=meaning, mapped_by_id=by, mapped_at=work.now)
        return known[0]
    mapping = Mapping(
        connector=connector,
        sort=sort,
        object_kind=object_kind,
        raw=raw,
        meaning=meaning,
        mapped_by_id=work.actor.user_id,
        mapped_at=work.now,
    )
    work.add(mapping)
    return mapping


@command("gateways.call.recorded")
def record_call(
    work: Work,
    *,
    connector: str,
    operation: str,
    key: str,
    payment_id: uuid.UUID | None,
    started_at: datetime,
    duration_ms: int,
    outcome: str,
    detail: str,
) -> None:
    """Keep that a provider was called. One INSERT and no entry in the log: it is the record."""
    work.add(
        ProviderCall(
            connector=connector,
            operation=operation,
            key=key[:120],
            payment_id=payment_id,
            request_id=work.actor.request_id[:64],
            started_at=started_at,
            duration_ms=duration_ms,
            outcome=outcome,
            detail=detail[:80],
        )
    )

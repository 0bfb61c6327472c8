"""Taking in what a provider tells, and saying what became of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from audit.card_numbers import scrub
from audit.command import command
from audit.work import Work
from payments.gateways.models import InboundEvent, ProviderCall
from payments.gateways.states import check_settling

Status = InboundEvent.Status


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
def settle_event(work: Work, *, event_id: uuid.UUID, status: str, note: str = "") -> None:
    """Say what became of an event. The same again changes nothing.

    Raises a conflict (`illegal_move`) for an event that has ended in another way.
    """
    event = work.load_one(InboundEvent.objects.filter(pk=event_id))
    if event.status == status:
        return
    check_settling(event, status)
    work.change(event, event=f"gateways.event.{status}", status=status, note=note[:200])


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

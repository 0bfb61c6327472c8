"""Making use of a stored event, out of the sender's sight."""

from __future__ import annotations

import uuid
from datetime import timedelta

from audit import clock
from audit.errors import Refusal
from audit.outbox.handlers import TryAgain, handler
from payments.gateways.commands import settle_event
from payments.gateways.errors import Mismatch, Rejected, Unavailable, Unknown, UnmappedStatus
from payments.gateways.events import EventHandler, TooEarly, event_handlers, nothing_to_do
from payments.gateways.meanings import IGNORED
from payments.gateways.models import InboundEvent
from payments.gateways.queries import NO_FIT, NOT_OURS, UNKNOWN_TYPE, find_type
from payments.gateways.states import is_settled

Status = InboundEvent.Status
WAITED_FOR = timedelta(hours=1)
"""So long our own record of an object is waited for; then the object is none of ours."""


@handler("gateways.process_event")
def process_event(*, event_id: str) -> None:
    """Give an event to whoever registered for its type; unknown ones are put aside.

    Raises TryAgain when the provider cannot be asked now. Running it twice does no harm.
    """
    event = InboundEvent.objects.get(pk=uuid.UUID(event_id))
    if is_settled(event):
        return
    try:
        status, note = _process(event)
    except UnmappedStatus as unmapped:
        settle_event(
            event_id=event.pk,
            status=Status.QUARANTINED,
            note=f"unmapped status {unmapped.raw_status!a}",
            unknown_kind=unmapped.kind,
            unknown_status=unmapped.raw_status,
        )
    else:
        settle_event(event_id=event.pk, status=status, note=note)


def _process(event: InboundEvent) -> tuple[str, str]:
    handle = _handler_of(event)
    if handle is None:
        return Status.QUARANTINED, UNKNOWN_TYPE if event.type else "unreadable"
    if handle is nothing_to_do:
        return Status.IGNORED, ""
    try:
        handle(event)
    except UnmappedStatus:
        raise
    except Mismatch:
        return Status.QUARANTINED, NO_FIT
    except (Unavailable, Unknown) as trouble:
        raise TryAgain(str(trouble)) from trouble
    except Rejected as refused:
        return Status.QUARANTINED, f"refused by the provider: {refused.code}"
    except TooEarly:
        if clock.now() - event.received_at < WAITED_FOR:
            raise
        return Status.QUARANTINED, NOT_OURS
    except Refusal as refusal:
        return Status.QUARANTINED, f"refused: {refusal.code}"
    return Status.PROCESSED, ""


def _handler_of(event: InboundEvent) -> EventHandler | None:
    """Who makes use of an event of this type, or of the one it was said to mean."""
    known = event_handlers.get(event.type)
    if known is not None or not event.type:
        return known
    meaning = find_type(event.connector, event.type)
    return nothing_to_do if meaning == IGNORED else event_handlers.get(meaning or "")

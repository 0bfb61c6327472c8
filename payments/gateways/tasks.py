"""Making use of a stored event, out of the sender's sight."""

from __future__ import annotations

import uuid

from audit.errors import Refusal
from audit.outbox.handlers import TryAgain, handler
from payments.gateways.commands import settle_event
from payments.gateways.errors import Unavailable, Unknown, UnmappedStatus
from payments.gateways.events import event_handlers, nothing_to_do
from payments.gateways.models import InboundEvent
from payments.gateways.states import is_settled

Status = InboundEvent.Status


@handler("gateways.process_event")
def process_event(*, event_id: str) -> None:
    """Give an event to whoever registered for its type; unknown ones are put aside.

    Raises TryAgain when the provider cannot be asked now. Running it twice does no harm.
    """
    event = InboundEvent.objects.get(pk=uuid.UUID(event_id))
    if is_settled(event):
        return
    status, note = _process(event)
    settle_event(event_id=event.pk, status=status, note=note)


def _process(event: InboundEvent) -> tuple[str, str]:
    handle = event_handlers.get(event.type)
    if handle is None:
        return Status.QUARANTINED, "unknown type" if event.type else "unreadable"
    if handle is nothing_to_do:
        return Status.IGNORED, ""
    try:
        handle(event)
    except UnmappedStatus as unmapped:
        return Status.QUARANTINED, f"unmapped status {unmapped.raw_status!a}"
    except (Unavailable, Unknown) as trouble:
        raise TryAgain(str(trouble)) from trouble
    except Refusal as refusal:
        return Status.QUARANTINED, f"refused: {refusal.code}"
    return Status.PROCESSED, ""

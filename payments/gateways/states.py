"""What can become of a provider's event."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal
from payments.gateways.models import InboundEvent

S = InboundEvent.Status

MOVES: dict[str, set[str]] = {
    S.RECEIVED: {S.PROCESSED, S.IGNORED, S.QUARANTINED},
    # Once its type is known, or its object is there, what was put aside is taken up again.
    S.QUARANTINED: {S.PROCESSED, S.IGNORED},
    S.PROCESSED: set(),
    S.IGNORED: set(),
}


def check_settling(event: InboundEvent, status: str) -> None:
    """Raises a conflict that names from, to and what is allowed."""
    allowed = MOVES[event.status]
    if status not in allowed:
        raise Refusal(
            "illegal_move",
            _("This event has been dealt with."),
            Kind.CONFLICT,
            about=event,
            status=event.status,
            to=status,
            allowed=sorted(allowed),
        )


def is_settled(event: InboundEvent) -> bool:
    """Nothing more can become of it."""
    return not MOVES[event.status]

"""Who makes use of what a provider tells. Higher apps register here in their `ready()`."""

from __future__ import annotations

from collections.abc import Callable

from audit.outbox.handlers import TryAgain
from payments.gateways.models import InboundEvent

EventHandler = Callable[[InboundEvent], None]


class TooEarly(TryAgain):
    """We do not know the object: the call that made it is not on record yet, or it is not ours."""

    def __init__(self) -> None:
        super().__init__("the call that made it has not been recorded yet")


event_handlers: dict[str, EventHandler] = {}
"""By type of event (`refund.succeeded`)."""


def handles(*types: str) -> Callable[[EventHandler], EventHandler]:
    """Register a function for these types of event.

    It may run more than once for an event, and in any order: it reads the object as it is now and
    ends in a command that changes nothing the second time. It may raise `TryAgain` (too early),
    a gateway's `Unavailable` or `Unknown` (ask again later), `UnmappedStatus` or a `Refusal` (the
    event is put aside for a person).
    """

    def register(function: EventHandler) -> EventHandler:
        for kind in types:
            if event_handlers.setdefault(kind, function) is not function:
                raise ValueError(f"{kind} has a handler already")
        return function

    return register


def ignore(*types: str) -> None:
    """Say that these types are known and need nothing done."""
    for kind in types:
        if event_handlers.setdefault(kind, nothing_to_do) is not nothing_to_do:
            raise ValueError(f"{kind} has a handler already")


def nothing_to_do(event: InboundEvent) -> None:
    """For types that are known and that change nothing with us."""

"""What a worker does."""

from __future__ import annotations

from audit.outbox.delivery import deliver_due


def deliver() -> None:
    """Everything in the outbox that is due."""
    while deliver_due():
        pass

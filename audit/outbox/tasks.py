"""The bell, and what rings by the clock."""

from __future__ import annotations

from celery import shared_task

from audit.actor import acting_as, system
from audit.outbox.commands import tidy_messages
from audit.outbox.delivery import deliver_due

MOST_BATCHES = 50


@shared_task(name="outbox.deliver")
def deliver() -> None:
    """Run what is due, batch by batch; the bound lets a worker end in reasonable time."""
    for _ in range(MOST_BATCHES):
        if deliver_due() == 0:
            return


@shared_task(name="outbox.tidy")
def tidy() -> None:
    """Remove old messages, a thousand at a time."""
    with acting_as(system("outbox.tidy")):
        while tidy_messages():
            pass

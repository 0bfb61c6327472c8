"""What keeps the totals of days true."""

from __future__ import annotations

from celery import shared_task

from audit.actor import acting_as, system
from payments.commands.days import complete_days, follow_changes


@shared_task(name="payments.add_up_days")
def add_up_days() -> None:
    """Complete the days that are over, then follow what has changed in those before.

    Each step is a transaction of its own: killed in between, the next run goes on from there.
    """
    with acting_as(system("payments.add_up_days")):
        while complete_days():
            pass
        while follow_changes():
            pass

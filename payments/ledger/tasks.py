"""What rings by the clock."""

from __future__ import annotations

from celery import shared_task

from audit.actor import acting_as, system
from payments.ledger import commands


@shared_task(name="ledger.roll_up_balances")
def roll_up_balances() -> None:
    """Fold settled entries into the balances of all derived accounts, some at a time."""
    with acting_as(system("ledger.roll_up_balances")):
        after = commands.roll_up_balances()
        while after is not None:
            after = commands.roll_up_balances(after=after)

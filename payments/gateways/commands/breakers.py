"""Leaving a provider in peace, and coming back to it."""

from __future__ import annotations

import uuid

from audit.command import command
from audit.work import Work
from payments.gateways.breaker import State, state_of, until_after
from payments.gateways.models import ConnectorAccount


@command("gateways.breaker.opened")
def open_breaker(work: Work, *, account_id: uuid.UUID) -> ConnectorAccount:
    """No calls through this account for a while, longer each time. A repeat does nothing."""
    account = work.load_one(ConnectorAccount.objects.filter(pk=account_id))
    if state_of(account, work.now) is not State.OPEN:
        trips = account.breaker_trips + 1
        work.change(account, breaker_until=until_after(trips, work.now), breaker_trips=trips)
    return account


@command("gateways.breaker.closed")
def close_breaker(work: Work, *, account_id: uuid.UUID) -> ConnectorAccount:
    """It answers again. A repeat does nothing, and so does a late one while it is open anew."""
    account = work.load_one(ConnectorAccount.objects.filter(pk=account_id))
    if state_of(account, work.now) is State.HALF_OPEN:
        work.change(account, breaker_until=None, breaker_trips=0)
    return account

"""Keeping the ledger quick to read."""

from __future__ import annotations

import uuid
from datetime import timedelta

from audit.command import command
from audit.work import Work
from payments.ledger.models import Rollup
from payments.ledger.queries import get_database_now, list_derived_after, sum_since_rollup

SETTLED_AFTER = timedelta(minutes=15)
"""An entry's time is its statement's, and it shows only once committed. No transaction lives this
long, so nothing can still appear before the horizon."""


@command("ledger.balances.rolled_up")
def roll_up_balances(
    work: Work,
    *,
    after: uuid.UUID | None = None,
    limit: int = 200,
    settled_after: timedelta = SETTLED_AFTER,
) -> uuid.UUID | None:
    """Fold what is settled into the base of the next `limit` derived accounts.

    Returns where to go on, None at the end. A repeat finds nothing left to fold. Four SELECTs.
    """
    account_ids = list_derived_after(after, limit)
    now = get_database_now()
    if not account_ids or now is None:
        return None
    until = now - settled_after
    bases = {
        base.account_id: base
        for base in work.load(Rollup.objects.filter(account_id__in=account_ids).order_by("pk"))
    }
    for account_id, minor in sum_since_rollup(account_ids, until).items():
        base = bases.get(account_id)
        if base is None:
            work.add(Rollup(account_id=account_id, through_at=until, balance_minor=minor))
        else:
            work.change(base, through_at=until, balance_minor=base.balance_minor + minor)
    return account_ids[-1] if len(account_ids) == limit else None

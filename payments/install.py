"""What the networks allow, made when the database is; what an administrator edited stays.

The figures are those that acquirers commonly publish for payments made at a distance. Contracts
differ: the administration is where they are set.
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from audit.actor import acting_as, installer
from audit.models import LogEntry
from payments.models import NetworkTerms

NEEDED = (LogEntry._meta.db_table, NetworkTerms._meta.db_table)
ONLINE = "docs.stripe.com/payments/place-a-hold-on-a-payment-method: online, where not extended"
LONGER = "As acquirers commonly publish it; your contract counts"
SHORTEST = "The shortest of those above: nobody is promised more"
TERMS = (
    ("visa", 7, ONLINE),
    ("mastercard", 7, ONLINE),
    ("american_express", 7, ONLINE),
    ("discover", 10, LONGER),
    (NetworkTerms.OTHER, 7, SHORTEST),
)


def after_migrate(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Make the rows that are missing, once all tables are there."""
    if using != DEFAULT_DB_ALIAS:
        return
    tables = set(connections[using].introspection.table_names())
    if tables.issuperset(NEEDED):
        with acting_as(installer()):
            make_missing_terms()


def make_missing_terms() -> None:
    """One SELECT where all are there."""
    there = set(NetworkTerms.objects.values_list("network", flat=True))
    missing = [one for one in TERMS if one[0] not in there]
    if not missing:
        return
    with transaction.atomic():
        for network, days, source in missing:
            NetworkTerms.objects.create(network=network, holds_days=days, source=source)

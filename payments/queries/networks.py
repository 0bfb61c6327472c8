"""What the card networks allow."""

from __future__ import annotations

from datetime import timedelta

from payments.models import NetworkTerms
from payments.policy import SHORTEST_HOLD


def get_hold(network: str) -> timedelta:
    """How long a network lets an authorization live; as for *other* where it has no row.

    One SELECT by key.
    """
    rows = NetworkTerms.objects.filter(network__in=(network, NetworkTerms.OTHER))
    days = dict(rows.values_list("network", "holds_days"))
    found = days.get(network) or days.get(NetworkTerms.OTHER)
    return timedelta(days=found) if found else SHORTEST_HOLD

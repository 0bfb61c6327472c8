"""What a newcomer finds where shops are told: an endpoint that listens, one that is broken, and how
telling them went; and an account of a shop's own at the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from audit import clock
from payments.gateways.commands import create_account, enable_account
from payments.gateways.models import ConnectorAccount
from payments.parties.models import Merchant
from payments.webhooks.commands.deliveries import lease_deliveries
from payments.webhooks.commands.endpoints import create_endpoint, send_test
from payments.webhooks.delivering import pack, record, send, tried_by

SINCE = timedelta(hours=6)
"""So long before now the endpoints were made: what happened since is told by the worker."""
LISTENERS = (
    ("orders", "The web shop", ["payment.captured", "payment.failed", "refund.succeeded"]),
    ("broken", "The warehouse: out of order", ["payment.captured"]),
)


def tell_a_shop(merchant: Merchant, until: datetime, key: Callable[..., str]) -> None:
    """Make the endpoints, and send each an event to try it out. A repeat changes nothing."""
    tried = []
    for name, words, types in LISTENERS:
        with clock.at(until - SINCE):
            endpoint = create_endpoint(
                merchant_id=merchant.pk,
                url=f"{settings.SANDBOX_URL}/listener/{name}",
                types=types,
                description=words,
                key=key("endpoint", name),
            )
        with clock.at(until):
            tried.append(send_test(endpoint_id=endpoint.pk, version=0))
    if any(tried):
        with clock.at(until):
            for parcel in pack(lease_deliveries(limit=len(tried))):
                record(parcel, tried_by(parcel, send(parcel)))


def open_account(merchant: Merchant, key: str) -> ConnectorAccount:
    """An account of the shop's own at the sandbox, whose credentials a worker tries."""
    return create_account(
        connector="sandbox", name=f"{merchant.name} (test)", merchant_id=merchant.pk, key=key
    )


def use_account(account: ConnectorAccount) -> None:
    """Let its payments go through it, once it was tried."""
    enable_account(account_id=account.pk)

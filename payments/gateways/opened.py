"""An account with its secrets open, for as long as a gateway needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from payments.gateways.models import ConnectorAccount


@dataclass(frozen=True, slots=True)
class Opened:
    """What a connector needs of an account. Nothing of it is shown by accident."""

    is_live: bool
    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)


def open_account(account: ConnectorAccount, now: datetime) -> Opened:
    """Its key in use, and the webhook secrets that count now. Raises DecryptionFailed."""
    return Opened(account.is_live, account.open_secret("api_key"), _secrets(account, now))


def open_for_trial(account: ConnectorAccount, now: datetime) -> Opened:
    """The same with the key that waits to be taken, where there is one."""
    column = "next_api_key" if account.next_api_key else "api_key"
    return Opened(account.is_live, account.open_secret(column), _secrets(account, now))


def _secrets(account: ConnectorAccount, now: datetime) -> tuple[str, ...]:
    found = [account.open_secret("webhook_secret")]
    if account.previous_until is not None and account.previous_until > now:
        found.append(account.open_secret("previous_webhook_secret"))
    return tuple(one for one in found if one)

"""The connectors by name, as the settings list them (`GATEWAYS`), and gateways through accounts."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from audit import clock
from audit.measures import CALLS
from payments.gateways.errors import Forged, Rejected, Unavailable, Unknown
from payments.gateways.guarding import Guarded
from payments.gateways.models import ConnectorAccount
from payments.gateways.opened import Opened, open_account, open_for_trial
from payments.gateways.protocol import Gateway, ProviderEvent
from payments.gateways.queries import list_accounts_of, list_open_accounts
from payments.gateways.recording import Recorder

# What calls nobody is not counted.
LOCAL = {"verify_event"}
FROM_SETTINGS = frozenset({"sandbox"})
"""Connectors that need no account: the settings say all there is."""


class NoSuchConnector(LookupError):
    """No connector has this name, or it needs an account and there is none."""


def get_gateway(connector: str, about: uuid.UUID | None = None) -> Gateway:
    """The gateway of a connector that needs no account; raises NoSuchConnector."""
    return open_gateway(connector, None, about)


def get_merchants_gateway(connector: str, merchant_id: uuid.UUID, *, is_live: bool) -> Gateway:
    """The gateway through the account that a merchant's cards are known at, its own first.

    Raises NoSuchConnector where there is none. One SELECT.
    """
    for account in list_open_accounts(merchant_id, is_live=is_live):
        if account.connector == connector:
            return open_gateway(connector, account)
    return get_gateway(connector)


def open_gateway(
    connector: str, account: ConnectorAccount | None, about: uuid.UUID | None = None
) -> Gateway:
    """The gateway through an account. Cheap: connections are pooled below.

    `account` None (what began before there were accounts): as the settings have it. Raises
    NoSuchConnector. Its calls are counted, and put on record as `about` the payment with that id.
    """
    opened = None if account is None else open_account(account, clock.now())
    gateway: Any = Recorder(_counted_gateway(connector, opened), connector, about)
    return cast("Gateway", gateway if account is None else Guarded(gateway, account))


def gateway_on_trial(account: ConnectorAccount) -> Gateway:
    """The gateway with the credentials that wait to be taken."""
    return _counted_gateway(account.connector, open_for_trial(account, clock.now()))


def verify_event(
    connector: str, headers: Mapping[str, str], raw_body: bytes, now: datetime
) -> tuple[uuid.UUID | None, ProviderEvent]:
    """A genuine message, and through which account it came (None: the settings' own).

    Raises NoSuchConnector, and Forged when no secret of any account of the connector proves it.
    One SELECT.
    """
    refused: Forged | None = None
    for account_id, opened in _listeners(connector, now):
        try:
            return account_id, _make(connector, opened).verify_event(headers, raw_body, now)
        except Forged as forged:
            refused = forged
    raise refused or Forged("no_secret")


def _listeners(connector: str, now: datetime) -> Iterator[tuple[uuid.UUID | None, Opened | None]]:
    if connector not in settings.GATEWAYS:
        raise NoSuchConnector(connector)
    if connector in FROM_SETTINGS:
        yield None, None
    for account in list_accounts_of(connector):
        if account.webhook_secret:
            yield account.pk, open_account(account, now)


def _make(connector: str, opened: Opened | None) -> Gateway:
    path = settings.GATEWAYS.get(connector)
    if path is None or (opened is None and connector not in FROM_SETTINGS):
        raise NoSuchConnector(connector)
    try:
        made = import_string(path)
    except ImproperlyConfigured as missing:
        raise NoSuchConnector(str(missing)) from missing
    return cast("Gateway", made.for_account(opened))


def _counted_gateway(connector: str, opened: Opened | None) -> Gateway:
    return cast("Gateway", _Counted(connector, _make(connector, opened)))


class _Counted:
    """A gateway whose calls are counted by how they ended."""

    def __init__(self, connector: str, gateway: Gateway) -> None:
        self._connector = connector
        self._gateway = gateway

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)
        if name in LOCAL or not callable(found):
            return found
        return _counted(found, self._connector, name)


def _counted(call: Callable[..., Any], connector: str, operation: str) -> Callable[..., Any]:
    @functools.wraps(call)
    def counted(*args: Any, **kwargs: Any) -> Any:
        outcome = "failed"
        try:
            answer = call(*args, **kwargs)
            outcome = "answered"
        except Rejected:
            outcome = "rejected"
            raise
        except Unavailable:
            outcome = "unavailable"
            raise
        except Unknown:
            outcome = "unknown"
            raise
        finally:
            CALLS.labels(connector, operation, outcome).inc()
        return answer

    return counted

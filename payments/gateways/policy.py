"""What an account at a provider must be, and who may set one up. Pure."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from audit.actor import Actor, ActorKind
from audit.errors import Kind, Refusal
from payments.gateways.capabilities import Capabilities, find_capabilities
from payments.gateways.models import ConnectorAccount

MANAGE = "gateways.manage_connector"
PLACES = ("first", "second", "third")
"""The accounts of a rule, in their order."""
LONGEST_OVERLAP_HOURS = 72
"""How long a webhook secret that was replaced may still be taken."""

KEYS = {"stripe": re.compile(r"(?:sk|rk)_(test|live)_[A-Za-z0-9_]{8,240}")}
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,200}")
SIGNED_AS_STANDARD = frozenset({"sandbox"})
"""Connectors whose secrets are base64 (Standard Webhooks)."""


def check_may_manage(actor: Actor) -> None:
    """Raises Refusal (forbidden) for who may not set accounts up."""
    ourselves = actor.kind in (ActorKind.SYSTEM, ActorKind.OPERATOR, ActorKind.INSTALLER)
    if not (ourselves or actor.may(MANAGE)):
        raise Refusal("not_allowed", _("Your role does not do this."), Kind.FORBIDDEN)


def check_connector(connector: str, *, is_live: bool) -> Capabilities:
    """The connector's line in the table. Raises a Refusal where there is none."""
    found = find_capabilities(connector)
    if found is None:
        raise Refusal("connector_unknown", _("There is no such provider."), field="connector")
    if not found.is_installed:
        message = _("The software of this provider is not installed on this machine.")
        raise Refusal("connector_not_installed", message, field="connector")
    if is_live and not found.moves_money:
        message = _("The sandbox moves no money: it is for the test mode.")
        raise Refusal("connector_is_no_live_one", message, field="mode")
    return found


def check_key(connector: str, api_key: str, *, is_live: bool) -> str:
    """A key of the provider's shape and of the account's mode, tidied. Raises a Refusal."""
    key = api_key.strip()
    shape = KEYS.get(connector)
    if not key or shape is None:
        return ""
    match = shape.fullmatch(key)
    if match is None:
        message = _("This is no secret key of this provider.")
        raise Refusal("api_key_shape", message, field="api_key")
    if (match[1] == "live") is not is_live:
        message = _("This key is of the other mode.")
        raise Refusal("api_key_mode", message, field="api_key")
    return key


def check_webhook_secret(connector: str, secret: str) -> str:
    """A signing secret, tidied; "" for none. Raises a Refusal."""
    text = secret.strip()
    if not text:
        return ""
    good = SECRET.fullmatch(text) is not None
    if good and connector in SIGNED_AS_STANDARD:
        good = _is_base64(text.removeprefix("whsec_"))
    if not good:
        message = _("A signing secret begins with whsec_.")
        raise Refusal("webhook_secret_shape", message, field="webhook_secret")
    return text


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def check_route(
    accounts: Sequence[ConnectorAccount],
    merchant_id: uuid.UUID | None,
    currency: str,
    brand: str,
    *,
    is_live: bool,
) -> None:
    """Raises a Refusal for accounts that could never take what a rule sends them."""
    if not 1 <= len(accounts) <= 3:
        raise Refusal("route_empty", _("Choose one account to three."), field="first")
    if len({one.pk for one in accounts}) != len(accounts):
        raise Refusal("route_twice", _("Each account stands there once."), field="second")
    for field, account in zip(PLACES, accounts, strict=False):
        if account.state != ConnectorAccount.State.ENABLED:
            message = _("An account is not enabled: no payment would go through it.")
            raise Refusal("route_disabled", message, field=field)
        if account.is_live is not is_live:
            message = _("An account is of the other mode.")
            raise Refusal("route_mode", message, field=field)
        if account.merchant_id not in (None, merchant_id):
            message = _("An account belongs to another merchant.")
            raise Refusal("route_merchant", message, field=field)
        can = find_capabilities(account.connector)
        if currency and (can is None or not can.takes(currency, brand)):
            message = _("An account does not take this currency or this brand.")
            raise Refusal("route_not_taken", message, field="currency")


def hint_of(secret: str) -> str:
    """What is shown of a secret: its kind and its last four characters."""
    if not secret:
        return ""
    head = secret[: secret.rfind("_") + 1][:10]
    return f"{head}…{secret[-4:]}"


def why_not_enabled(account: ConnectorAccount) -> str:
    """Why an account may not be enabled; "" where it may."""
    if account.is_proven:
        return ""
    if account.trial == ConnectorAccount.Trial.UNDER_WAY:
        return str(_("Its credentials are being tried."))
    return str(_("Its credentials have not been taken by the provider yet."))

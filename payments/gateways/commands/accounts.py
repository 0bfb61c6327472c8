"""Our accounts at providers: made, tried, enabled, and their secrets exchanged."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import ActorKind
from audit.command import command
from audit.encryption import seal_secret
from audit.errors import Kind, Refusal
from audit.texts import clean_text
from audit.work import Work
from payments.gateways.models import ConnectorAccount
from payments.gateways.models.accounts import place_of
from payments.gateways.policy import (
    LONGEST_OVERLAP_HOURS,
    check_connector,
    check_key,
    check_may_manage,
    check_webhook_secret,
    hint_of,
    why_not_enabled,
)
from payments.parties.errors import no_such_merchant
from payments.parties.models import Merchant
from payments.parties.policy import name_key

State, Trial = ConnectorAccount.State, ConnectorAccount.Trial
TRY = "gateways.try_account"


@command("gateways.account.created")
def create_account(
    work: Work,
    *,
    connector: str,
    name: str,
    key: str,
    merchant_id: uuid.UUID | None = None,
    is_live: bool = False,
    api_key: str = "",
    webhook_secret: str = "",
) -> ConnectorAccount:
    """Keep a draft of an account, its secrets sealed, and have its credentials tried.

    `merchant_id` None: the house's own, for every merchant. Refuses secrets of another shape or
    mode. A repeat with the same key returns the first. One or two SELECTs.
    """
    if (made := work.replay(ConnectorAccount)) is not None:
        return made
    check_may_manage(work.actor)
    can = check_connector(connector, is_live=is_live)
    if merchant_id is not None and not Merchant.objects.filter(pk=merchant_id).exists():
        raise no_such_merchant()
    called = clean_text(name, field="name", most=80, required=True)
    account = ConnectorAccount(
        key=key,
        fingerprint=work.fingerprint,
        connector=connector,
        merchant_id=merchant_id,
        is_live=is_live,
        name=called,
        name_key=name_key(called)[:80],
        created_at=work.now,
        created_by_id=work.actor.user_id if work.actor.kind is ActorKind.USER else None,
    )
    given = check_key(connector, api_key, is_live=is_live)
    if can.needs_key and not given:
        raise Refusal("api_key_missing", _("Please fill this in."), field="api_key")
    _put_next_key(account, given)
    _put_webhook_secret(account, check_webhook_secret(connector, webhook_secret))
    account.trial = Trial.UNDER_WAY
    work.add(account)
    work.later(TRY, account_id=account.pk)
    return account


@command("gateways.account.installed")
def add_sandbox(work: Work, *, key: str) -> ConnectorAccount:
    """The house's own account at the sandbox, as the settings have it. A repeat does nothing."""
    if (made := work.replay(ConnectorAccount)) is not None:
        return made
    account = ConnectorAccount(
        key=key,
        fingerprint=work.fingerprint,
        connector="sandbox",
        name="Sandbox",
        name_key=name_key("Sandbox"),
        state=State.ENABLED,
        is_proven=True,
        created_at=work.now,
    )
    work.add(account)
    return account


def _put_next_key(account: ConnectorAccount, api_key: str) -> None:
    if api_key:
        account.next_api_key = seal_secret(api_key, place=place_of(account, "api_key"))
        account.next_api_key_hint = hint_of(api_key)


def _put_webhook_secret(account: ConnectorAccount, secret: str) -> None:
    if secret:
        account.webhook_secret = seal_secret(secret, place=place_of(account, "webhook_secret"))
        account.webhook_hint = hint_of(secret)


@command("gateways.account.key_replaced")
def replace_api_key(work: Work, *, account_id: uuid.UUID, api_key: str) -> ConnectorAccount:
    """Put a new key beside the one in use and have it tried; it is used once it has been taken."""
    check_may_manage(work.actor)
    account = _load(work, account_id)
    given = check_key(account.connector, api_key, is_live=account.is_live)
    if not given:
        raise Refusal("api_key_missing", _("Please fill this in."), field="api_key")
    work.change(
        account,
        next_api_key=seal_secret(given, place=place_of(account, "api_key")),
        next_api_key_hint=hint_of(given),
        trial=Trial.UNDER_WAY,
    )
    work.later(TRY, account_id=account.pk)
    return account


@command("gateways.account.secret_replaced")
def replace_webhook_secret(
    work: Work, *, account_id: uuid.UUID, webhook_secret: str, overlap_hours: int
) -> ConnectorAccount:
    """A new signing secret; the one before is taken for `overlap_hours` more."""
    check_may_manage(work.actor)
    if not 0 <= overlap_hours <= LONGEST_OVERLAP_HOURS:
        raise Refusal("overlap_invalid", _("The overlap is at most 3 days."), field="overlap")
    account = _load(work, account_id)
    given = check_webhook_secret(account.connector, webhook_secret)
    if not given:
        raise Refusal("webhook_secret_missing", _("Please fill this in."), field="webhook_secret")
    work.change(
        account,
        webhook_secret=seal_secret(given, place=place_of(account, "webhook_secret")),
        webhook_hint=hint_of(given),
        previous_webhook_secret=account.webhook_secret if overlap_hours else "",
        previous_until=work.now + timedelta(hours=overlap_hours) if overlap_hours else None,
    )
    return account


@command("gateways.account.trial_requested")
def request_trial(work: Work, *, account_id: uuid.UUID) -> ConnectorAccount:
    """Have the credentials tried (again). Asked for twice, it is done twice."""
    check_may_manage(work.actor)
    account = _load(work, account_id)
    work.change(account, trial=Trial.UNDER_WAY)
    work.later(TRY, account_id=account.pk)
    return account


@command("gateways.account.tried")
def record_trial(
    work: Work,
    *,
    account_id: uuid.UUID,
    tried: str,
    outcome: str,
    provider_account: str = "",
    detail: str = "",
) -> ConnectorAccount:
    """Say what the provider made of the credentials; a key that it took is used from now on.

    `tried` is the sealed key that was tried: about one that was replaced meanwhile nothing is said.
    """
    account = _load(work, account_id)
    if tried != (account.next_api_key or account.api_key):
        return account
    fields: dict[str, Any] = {
        "trial": Trial(outcome),
        "tried_at": work.now,
        "trial_detail": detail[:80],
    }
    if outcome == Trial.PASSED:
        fields |= {"is_proven": True, "provider_account": provider_account[:80]}
        if account.next_api_key:
            fields |= {
                "api_key": account.next_api_key,
                "api_key_hint": account.next_api_key_hint,
                "next_api_key": "",
                "next_api_key_hint": "",
            }
    work.change(account, **fields)
    return account


@command("gateways.account.enabled")
def enable_account(work: Work, *, account_id: uuid.UUID) -> ConnectorAccount:
    """Let payments go through an account whose credentials were taken. A repeat does nothing."""
    check_may_manage(work.actor)
    account = _load(work, account_id)
    if account.state == State.ENABLED:
        return account
    reason = why_not_enabled(account)
    if reason:
        raise Refusal("account_not_proven", reason, Kind.CONFLICT, about=account)
    work.change(account, state=State.ENABLED)
    return account


@command("gateways.account.disabled")
def disable_account(work: Work, *, account_id: uuid.UUID) -> ConnectorAccount:
    """No new payment goes through it; what it began is captured and refunded through it still."""
    check_may_manage(work.actor)
    account = _load(work, account_id)
    if account.state != State.DISABLED:
        work.change(account, state=State.DISABLED)
    return account


def _load(work: Work, account_id: uuid.UUID) -> ConnectorAccount:
    missing = Refusal("account_missing", _("There is no such account."), Kind.MISSING)
    return work.load_one(ConnectorAccount.objects.filter(pk=account_id), missing)

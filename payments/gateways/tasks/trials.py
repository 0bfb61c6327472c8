"""Trying credentials out, before money depends on them."""

from __future__ import annotations

import uuid

from audit.outbox.handlers import handler
from payments.gateways.commands import record_trial
from payments.gateways.errors import CredentialsRefused, GatewayError, Rejected
from payments.gateways.models import ConnectorAccount
from payments.gateways.registry import NoSuchConnector, gateway_on_trial

Trial = ConnectorAccount.Trial


@handler("gateways.try_account")
def try_account(*, account_id: str) -> None:
    """Ask the provider whose the credentials are, and record it. Running it twice does no harm."""
    account = ConnectorAccount.objects.get(pk=uuid.UUID(account_id))
    outcome, provider_account, detail = _try(account)
    record_trial(
        account_id=account.pk,
        tried=account.next_api_key or account.api_key,
        outcome=outcome,
        provider_account=provider_account,
        detail=detail,
    )


def _try(account: ConnectorAccount) -> tuple[str, str, str]:
    try:
        identity = gateway_on_trial(account).identify()
    except Rejected as refused:
        return Trial.REFUSED, "", refused.code
    except CredentialsRefused:
        return Trial.REFUSED, "", ""
    except NoSuchConnector as missing:
        return Trial.NOT_REACHED, "", str(missing)
    except GatewayError as trouble:
        return Trial.NOT_REACHED, "", type(trouble).__name__
    if identity.is_live is not None and identity.is_live is not account.is_live:
        return Trial.WRONG_MODE, identity.account, "live" if identity.is_live else "test"
    return Trial.PASSED, identity.account, ""

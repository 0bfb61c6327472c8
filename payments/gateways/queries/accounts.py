"""Which accounts we have at providers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit import clock, keyset
from audit.errors import Kind, Refusal
from payments.gateways.capabilities import CAPABILITIES
from payments.gateways.models import ConnectorAccount
from payments.parties.policy import name_key

MOST = 200
"""So many accounts are looked through, and offered."""
TOLD = 5
"""So many are told apart where a text means several."""
_ID = re.compile(r"([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})")
_REFERENCE = re.compile(r"(?:^|[\s·(])[Aa]-([0-9A-Fa-f]{4,32})\)?$")


def get_account(account_id: uuid.UUID) -> ConnectorAccount:
    """An account with its merchant. Raises a Refusal (missing). One SELECT."""
    found = ConnectorAccount.objects.select_related("merchant").filter(pk=account_id).first()
    if found is None:
        raise Refusal("account_missing", _("There is no such account."), Kind.MISSING)
    return found


def list_all_accounts() -> QuerySet[ConnectorAccount]:
    """Every account with its merchant; the caller orders and pages."""
    return ConnectorAccount.objects.select_related("merchant")


def list_accounts() -> list[ConnectorAccount]:
    """The enabled accounts, by name: as many as are offered, and one more where there are more. One
    SELECT."""
    rows = ConnectorAccount.objects.filter(state=ConnectorAccount.State.ENABLED)
    return list(rows.order_by("name_key", "pk")[: MOST + 1])


def find_accounts(text: str) -> list[ConnectorAccount]:
    """The accounts, in any state, that a text means: an id, a reference (`A-7F3A09BC12DE`, also
    behind a name), a whole name, or else the beginning of one. As many as are worth telling, and
    one more. One SELECT, or two, by index."""
    words = text.strip()
    match = _ID.fullmatch(words) or _REFERENCE.search(words)
    if match is not None:
        found = list(ConnectorAccount.objects.filter(keyset.key_begins_with(match[1]))[: TOLD + 1])
        if found:
            return found
    key = name_key(words)
    if not key:
        return []
    rows = ConnectorAccount.objects.filter(keyset.begins_with("name_key", key))
    found = list(rows.order_by("name_key", "pk")[: TOLD + 1])
    return [one for one in found if one.name_key == key] or found


def list_accounts_of(connector: str) -> list[ConnectorAccount]:
    """The accounts at one provider, in any state, oldest first. One SELECT."""
    rows = ConnectorAccount.objects.filter(connector=connector)
    return list(rows.order_by("created_at", "pk")[:MOST])


def list_open_accounts(merchant_id: uuid.UUID | None, *, is_live: bool) -> list[ConnectorAccount]:
    """Enabled accounts that may serve a merchant in a mode, its own first. One SELECT."""
    rows = ConnectorAccount.objects.filter(
        Q(merchant_id=merchant_id) | Q(merchant_id=None),
        state=ConnectorAccount.State.ENABLED,
        is_live=is_live,
    )
    found = list(rows.order_by("created_at", "pk")[:MOST])
    return sorted(found, key=lambda one: one.merchant_id is None)


def takes_live_money() -> bool:
    """Whether a provider has ever taken a key of ours for real money. One SELECT."""
    return ConnectorAccount.objects.filter(is_live=True, is_proven=True).exists()


def count_open_breakers() -> Mapping[str, float]:
    """How many accounts of each connector are left in peace now. One SELECT."""
    counted = dict.fromkeys(CAPABILITIES, 0.0)
    rows = ConnectorAccount.objects.filter(breaker_until__gt=clock.now())
    for connector in rows.values_list("connector", flat=True)[:MOST]:
        counted[connector] = counted.get(connector, 0.0) + 1
    return counted

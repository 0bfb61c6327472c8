"""The rules of routing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import ActorKind
from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.models import ConnectorAccount, Route
from payments.gateways.models.routes import scope_of
from payments.gateways.policy import check_may_manage, check_route
from payments.parties.errors import no_such_merchant
from payments.parties.models import Merchant


@command("gateways.route.set")
def set_route(
    work: Work,
    *,
    account_ids: Sequence[uuid.UUID],
    merchant_id: uuid.UUID | None = None,
    is_live: bool = False,
    currency: str = "",
    brand: str = "",
) -> Route:
    """Say where such payments go, in this order; said anew, the new order counts.

    Refuses accounts of the other mode or another merchant, and what they cannot take. Three
    SELECTs.
    """
    check_may_manage(work.actor)
    if merchant_id is not None and not Merchant.objects.filter(pk=merchant_id).exists():
        raise no_such_merchant()
    found = {one.pk: one for one in ConnectorAccount.objects.filter(pk__in=account_ids)}
    accounts = [found[pk] for pk in account_ids if pk in found]
    if len(accounts) != len(account_ids):
        raise Refusal("account_missing", _("There is no such account."), Kind.MISSING)
    check_route(accounts, merchant_id, currency, brand, is_live=is_live)
    others = [*(one.pk for one in accounts[1:]), None, None]
    fields: dict[str, Any] = {
        "first_id": accounts[0].pk,
        "second_id": others[0],
        "third_id": others[1],
        "is_active": True,
        "changed_at": work.now,
        "changed_by_id": work.actor.user_id if work.actor.kind is ActorKind.USER else None,
    }
    scope = scope_of(merchant_id, currency, brand, is_live=is_live)
    known = work.load(Route.objects.filter(scope=scope))
    if known:
        work.change(known[0], **fields)
        return known[0]
    route = Route(
        scope=scope,
        merchant_id=merchant_id,
        is_live=is_live,
        currency=currency,
        brand=brand,
        **fields,
    )
    work.add(route)
    return route


@command("gateways.route.ended")
def end_route(work: Work, *, route_id: uuid.UUID) -> Route:
    """A rule counts no more. A repeat does nothing."""
    check_may_manage(work.actor)
    missing = Refusal("route_missing", _("There is no such rule."), Kind.MISSING)
    route = work.load_one(Route.objects.filter(pk=route_id), missing)
    if route.is_active:
        work.change(route, is_active=False, changed_at=work.now)
    return route

"""Where payments go."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal
from payments.gateways.models import ConnectorAccount, Route
from payments.gateways.queries.accounts import list_open_accounts
from payments.gateways.routing import Wanted, most_exact
from payments.parties.models import CardReference

MOST = 200


def list_routes() -> QuerySet[Route]:
    """The rules that count, with their accounts and merchants; the caller orders and pages."""
    rows = Route.objects.filter(is_active=True)
    return rows.select_related("merchant", "first", "second", "third")


def get_route(route_id: uuid.UUID) -> Route:
    """A rule with its accounts. Raises a Refusal (missing)."""
    rows = Route.objects.select_related("merchant", "first", "second", "third")
    found = rows.filter(pk=route_id, is_active=True).first()
    if found is None:
        raise Refusal("route_missing", _("There is no such rule."), Kind.MISSING)
    return found


def find_route(merchant_id: uuid.UUID, currency: str, brand: str, *, is_live: bool) -> Route | None:
    """The most exact rule for a payment, with its accounts. One SELECT."""
    rows = Route.objects.filter(
        Q(merchant_id=merchant_id) | Q(merchant_id=None),
        is_live=is_live,
        is_active=True,
        currency__in=(currency, ""),
        brand__in=(brand, ""),
    )
    return most_exact(rows.select_related("first", "second", "third"))


def list_candidates(wanted: Wanted) -> list[ConnectorAccount]:
    """The accounts that a payment may go through, in their order. One or two SELECTs."""
    merchant_id, is_live = wanted.merchant_id, wanted.is_live
    route = find_route(merchant_id, wanted.currency, wanted.brand, is_live=is_live)
    if route is not None:
        return route.accounts
    return [
        one
        for one in list_open_accounts(merchant_id, is_live=is_live)
        if one.connector in wanted.connectors
    ]


def list_twins(card: CardReference) -> dict[str, CardReference]:
    """The same customer's same card, by provider: this one, and those under other tokens.

    One SELECT where a customer has it, none where nobody does.
    """
    found = {card.connector: card}
    if card.customer_id is None:
        return found
    rows = CardReference.objects.filter(
        merchant_id=card.merchant_id,
        customer_id=card.customer_id,
        is_live=card.is_live,
        brand=card.brand,
        last_four=card.last_four,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
    )
    for one in rows.exclude(connector=card.connector).order_by("pk")[:MOST]:
        found.setdefault(one.connector, one)
    return found


def with_connectors(wanted: Wanted, cards: dict[str, CardReference]) -> Wanted:
    """The same payment with a card that has these tokens."""
    return replace(wanted, connectors=frozenset(cards))

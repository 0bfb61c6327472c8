"""What a key may be allowed to do: one table. A scope stands for permissions of the house."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Scope:
    """`moves_money` is shown beside it, so that nobody gives it unaware."""

    code: str
    label: Any
    permissions: frozenset[str]
    moves_money: bool = False


def _scope(code: str, label: Any, *permissions: str, money: bool = False) -> Scope:
    return Scope(code, label, frozenset(permissions), money)


TABLE: tuple[Scope, ...] = (
    _scope("payments:read", _("Look at payments and refunds"), "payments.view_payment"),
    _scope(
        "payments:write",
        _("Take payments, capture, increment and void them"),
        "payments.view_payment",
        "payments.capture_payment",
        "payments.increment_payment",
        "payments.void_payment",
        money=True,
    ),
    _scope(
        "refunds:write",
        _("Refund payments"),
        "payments.view_payment",
        "payments.refund_payment",
        money=True,
    ),
    _scope("customers:read", _("Look at customers and cards"), "parties.view_customer"),
    _scope(
        "customers:write",
        _("Add and change customers and cards"),
        "parties.view_customer",
        "parties.change_customer",
    ),
    _scope("events:read", _("Read events")),
    _scope("webhooks:write", _("Set where events are sent")),
)
SCOPES: dict[str, Scope] = {one.code: one for one in TABLE}


def permissions_of(scopes: Iterable[str]) -> frozenset[str]:
    """All that these scopes allow; a scope that is no more allows nothing."""
    held = [SCOPES[code].permissions for code in scopes if code in SCOPES]
    return frozenset().union(*held)

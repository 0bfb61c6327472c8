"""Through which account a payment goes, and why not through another. Pure.

The accounts of the most exact rule in their order, or, where no rule fits, those of the provider
that made the card's token, the merchant's own first. The next one is taken only when the one
before surely did nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.gateways.breaker import State, state_of
from payments.gateways.capabilities import find_capabilities
from payments.gateways.models import ConnectorAccount, Route


class Why(StrEnum):
    """Why an account does not take a payment."""

    DISABLED = "disabled"
    OTHER_MODE = "other_mode"
    OTHER_MERCHANT = "other_merchant"
    CARD_UNKNOWN = "card_unknown"
    NOT_TAKEN = "not_taken"
    TRIED = "tried"
    IN_PEACE = "in_peace"


WORDS: dict[Why, Promise] = {
    Why.DISABLED: _("It is not enabled."),
    Why.OTHER_MODE: _("It is of the other mode."),
    Why.OTHER_MERCHANT: _("It belongs to another merchant."),
    Why.CARD_UNKNOWN: _("The card has no token at this provider."),
    Why.NOT_TAKEN: _("It does not take this currency or this brand."),
    Why.TRIED: _("It could not be reached for this payment before."),
    Why.IN_PEACE: _("It does not answer and is left in peace for a while."),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A payment to be routed. `connectors` are those at which its card has a token."""

    merchant_id: uuid.UUID
    currency: str
    brand: str
    is_live: bool
    connectors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Step:
    """An account in its turn; `why_not` None: it takes the payment."""

    account: ConnectorAccount
    why_not: Why | None

    @property
    def words(self) -> Promise | str:
        return WORDS[self.why_not] if self.why_not else ""


def most_exact(routes: Iterable[Route]) -> Route | None:
    """Of rules that fit: one for a merchant before one for all, then by currency, then by brand."""
    ranked = sorted(
        routes,
        key=lambda one: (one.merchant_id is not None, bool(one.currency), bool(one.brand)),
    )
    return ranked[-1] if ranked else None


def plan(
    wanted: Wanted,
    accounts: Sequence[ConnectorAccount],
    now: datetime,
    tried: Collection[uuid.UUID | None] = (),
) -> list[Step]:
    """Each account in its turn, and why it does not take the payment."""
    return [Step(one, _why_not(wanted, one, now, tried)) for one in accounts]


def _why_not(
    wanted: Wanted, account: ConnectorAccount, now: datetime, tried: Collection[uuid.UUID | None]
) -> Why | None:
    can = find_capabilities(account.connector)
    checks = (
        (Why.OTHER_MODE, account.is_live is not wanted.is_live),
        (Why.OTHER_MERCHANT, account.merchant_id not in (None, wanted.merchant_id)),
        (Why.DISABLED, account.state != ConnectorAccount.State.ENABLED),
        (Why.CARD_UNKNOWN, account.connector not in wanted.connectors),
        (Why.NOT_TAKEN, can is None or not can.takes(wanted.currency, wanted.brand)),
        (Why.TRIED, account.pk in tried),
        (Why.IN_PEACE, state_of(account, now) is State.OPEN),
    )
    return next((why for why, is_so in checks if is_so), None)


def choose(steps: Sequence[Step]) -> ConnectorAccount | None:
    """The first that takes it. When all that would are left in peace, the first of them: the
    payment waits for it."""
    for wanted in (None, Why.IN_PEACE):
        for step in steps:
            if step.why_not == wanted:
                return step.account
    return None


def choose_next(steps: Sequence[Step]) -> ConnectorAccount | None:
    """Another one that takes it now, after one that could not be reached; None: there is none."""
    return next((step.account for step in steps if step.why_not is None), None)

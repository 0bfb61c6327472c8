"""What Stripe knows besides: cards, disputes, payouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from payments.gateways.protocol import CardFacts
from payments.gateways.stripe.answers import read_card
from payments.gateways.stripe.base import StripeBase
from payments.gateways.stripe.checks import check_id
from payments.gateways.stripe.disputes import (
    DisputeFacts,
    Page,
    PayoutFacts,
    read_dispute,
    read_page,
    read_payout,
)
from payments.gateways.suspicion import Body

MOST_LISTED = 100
Facts = TypeVar("Facts")
Method: TypeAlias = Callable[[Any], Callable[..., Any]]
"""Which method of the SDK is called."""


class Lookups(StripeBase):
    """The part of the gateway that only reads."""

    def get_card(self, token: str) -> CardFacts:
        return self._one("card", lambda sdk: sdk.v1.payment_methods.retrieve, token, read_card)

    def retrieve_dispute(self, reference: str) -> DisputeFacts:
        """As it is now. Raises Unavailable, Unknown, Rejected (not there)."""
        return self._one("dispute", lambda sdk: sdk.v1.disputes.retrieve, reference, read_dispute)

    def list_disputes(self, after: str = "") -> Page[DisputeFacts]:
        """Newest first, those behind `after`. Raises Unavailable, Unknown."""
        return self._page("disputes", lambda sdk: sdk.v1.disputes.list, after, read_dispute)

    def retrieve_payout(self, reference: str) -> PayoutFacts:
        """As it is now. Raises Unavailable, Unknown, Rejected (not there)."""
        return self._one("payout", lambda sdk: sdk.v1.payouts.retrieve, reference, read_payout)

    def list_payouts(self, after: str = "") -> Page[PayoutFacts]:
        """Newest first, those behind `after`. Raises Unavailable, Unknown."""
        return self._page("payouts", lambda sdk: sdk.v1.payouts.list, after, read_payout)

    def _one(
        self, what: str, method: Method, reference: str, read: Callable[[Body], Facts]
    ) -> Facts:
        body = self._client.call(what, method, reference)
        check_id(body, reference)
        return read(body)

    def _page(
        self, what: str, method: Method, after: str, read: Callable[[Body], Facts]
    ) -> Page[Facts]:
        more = {"starting_after": after} if after else {}
        return read_page(self._client.call(what, method, limit=MOST_LISTED, **more), read)

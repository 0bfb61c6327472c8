"""What Stripe knows besides: cards, disputes, payouts."""

from __future__ import annotations

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

MOST_LISTED = 100


class Lookups(StripeBase):
    """The part of the gateway that only reads."""

    def get_card(self, token: str) -> CardFacts:
        body = self._client.call("card", lambda sdk: sdk.v1.payment_methods.retrieve, token)
        check_id(body, token)
        return read_card(body)

    def retrieve_dispute(self, reference: str) -> DisputeFacts:
        """As it is now. Raises Unavailable, Unknown, Rejected (not there)."""
        body = self._client.call("dispute", lambda sdk: sdk.v1.disputes.retrieve, reference)
        check_id(body, reference)
        return read_dispute(body)

    def list_disputes(self, after: str = "") -> Page[DisputeFacts]:
        """Newest first, those behind `after`. Raises Unavailable, Unknown."""
        more = {"starting_after": after} if after else {}
        body = self._client.call(
            "disputes", lambda sdk: sdk.v1.disputes.list, limit=MOST_LISTED, **more
        )
        return read_page(body, read_dispute)

    def retrieve_payout(self, reference: str) -> PayoutFacts:
        """As it is now. Raises Unavailable, Unknown, Rejected (not there)."""
        body = self._client.call("payout", lambda sdk: sdk.v1.payouts.retrieve, reference)
        check_id(body, reference)
        return read_payout(body)

    def list_payouts(self, after: str = "") -> Page[PayoutFacts]:
        """Newest first, those behind `after`. Raises Unavailable, Unknown."""
        more = {"starting_after": after} if after else {}
        body = self._client.call(
            "payouts", lambda sdk: sdk.v1.payouts.list, limit=MOST_LISTED, **more
        )
        return read_page(body, read_payout)

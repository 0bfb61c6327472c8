"""Stripe as a gateway: PaymentIntents with manual capture.

Its policy on keys: the first answer that came of an execution is kept for 24 hours, errors of the
server too; what was refused before it was executed is not. Nothing is found by a key, so:

- an increment, a capture, a void or a refund is looked for where it must be (the PaymentIntent
  and its metadata, the refunds of it), which Stripe answers without delay;
- an authorization is looked for in Stripe's search, which lags behind. When it is not there, its
  key is used up within the 24 hours for something harmless (a *tombstone*: a PaymentIntent that is
  never confirmed). Stripe takes that only if the key never did anything, and from then on it never
  can; if it refuses, the authorization is there and will be found later. So "it never arrived" is
  said only when it is sure. See docs/decisions/0020.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from payments.gateways.errors import Rejected, Unknown
from payments.gateways.protocol import (
    Identity,
    OperationAnswer,
    ProviderEvent,
    Sort,
    Sought,
    Total,
)
from payments.gateways.stripe.answers import check_object, find_mark
from payments.gateways.stripe.checks import let_go
from payments.gateways.stripe.client import CONNECTOR
from payments.gateways.stripe.events import verify
from payments.gateways.stripe.holds import Holds
from payments.gateways.stripe.lookups import Lookups
from payments.gateways.stripe.movements import Movements
from payments.gateways.suspicion import text_of


class StripeGateway(Holds, Movements, Lookups):
    """See `payments.gateways.protocol.Gateway`, which says what each method does and raises.

    `occurred_at` is not Stripe's to know: it has one clock, the real one.
    """

    def find_operation(self, key: str, sought: Sought | None = None) -> OperationAnswer | None:
        if sought is None or not sought.authorization_reference:
            raise Unknown("Stripe finds nothing by a key alone")
        if sought.sort is Sort.VOID_CAPTURE:
            raise Rejected("not_supported", "Stripe takes no capture back")
        if sought.sort is Sort.REFUND:
            return self._find_refund(key, sought)
        intent = self._read_intent(sought.authorization_reference)
        if sought.sort is Sort.VOID:
            is_done = text_of(intent, "status") == "canceled"
            return let_go(intent, sought.amount) if is_done else None
        return find_mark(intent, sought.sort, key)

    def identify(self) -> Identity:
        body = self._client.call("identify", lambda sdk: sdk.v1.balance.retrieve)
        check_object(body, "balance")
        is_live = body.get("livemode")
        return Identity(CONNECTOR, is_live if isinstance(is_live, bool) else None)

    def totals(self) -> tuple[Total, ...]:
        """Stripe keeps none that could be compared."""
        return ()

    def verify_event(
        self, headers: Mapping[str, str], raw_body: bytes, now: datetime
    ) -> ProviderEvent:
        return verify(headers, raw_body, self._secrets, now)

"""Money held at Stripe: asked for, raised, let go of, and looked for when the answer was lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from audit import clock
from payments.gateways.errors import GatewayError, Rejected, Unknown
from payments.gateways.protocol import AuthorizationAnswer, OperationAnswer, Sort
from payments.gateways.stripe.answers import (
    KEY,
    REFERENCE,
    find_mark,
    mark_of,
    money_of,
    read_intent,
)
from payments.gateways.stripe.base import EXPAND, StripeBase
from payments.gateways.stripe.checks import (
    check_amount,
    check_mark,
    let_go,
    marked,
    rows_of,
    translated,
    written,
)
from payments.gateways.stripe.client import Declined
from payments.gateways.suspicion import reference_of, text_of
from payments.ledger.money import Money

KEYS_KEPT = timedelta(hours=23)
"""An hour less than Stripe says: its clock and ours may differ, and calls wait."""
CARD_OPTIONS = {
    "request_multicapture": "if_available",
    "request_incremental_authorization": "if_available",
}


class Holds(StripeBase):
    """The part of the gateway that holds money and lets go of it."""

    def authorize(
        self,
        *,
        key: str,
        amount: Money,
        card_token: str,
        reference: str,
        occurred_at: datetime | None = None,
    ) -> AuthorizationAnswer:
        params: dict[str, Any] = {
            "amount": written(amount),
            "currency": amount.currency.lower(),
            "payment_method": card_token,
            "payment_method_types": ["card"],
            "payment_method_options": {"card": CARD_OPTIONS},
            "capture_method": "manual",
            "confirm": True,
            "metadata": {KEY: key, REFERENCE: reference},
            "expand": EXPAND,
        }
        if self._return_url:
            params["return_url"] = self._return_url
        try:
            body = self._client.call(
                "authorize", lambda sdk: sdk.v1.payment_intents.create, key=key, **params
            )
        except Declined as declined:
            body = declined.intent
        check_mark(body, key)
        answer = read_intent(translated(body))
        check_amount(amount, answer.amount)
        return answer

    def increment(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        intent = self._read_intent(authorization_reference)
        if (done := find_mark(intent, Sort.INCREMENT, key)) is not None:
            return done
        total = money_of(intent, "amount") + amount
        body = self._client.call(
            "increment",
            lambda sdk: sdk.v1.payment_intents.increment_authorization,
            authorization_reference,
            key=key,
            amount=written(total),
            metadata={mark_of(Sort.INCREMENT, key): str(written(amount))},
            expand=EXPAND,
        )
        check_amount(total, money_of(body, "amount"))
        return marked(body, Sort.INCREMENT, key, amount)

    def void(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money | None = None,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        intent = self._read_intent(authorization_reference)
        if text_of(intent, "status") == "canceled":
            if not amount:
                raise Rejected("already_canceled", "")
            return let_go(intent, amount)
        body = self._client.call(
            "void",
            lambda sdk: sdk.v1.payment_intents.cancel,
            authorization_reference,
            key=key,
            expand=EXPAND,
        )
        return let_go(body, amount)

    def find_authorization(
        self, key: str, asked_at: datetime | None = None
    ) -> AuthorizationAnswer | None:
        found = self._client.call(
            "find",
            lambda sdk: sdk.v1.payment_intents.search,
            query=f"metadata['{KEY}']:'{key}'",
            limit=1,
            expand=["data.latest_charge"],
        )
        rows = rows_of(found)
        if rows:
            check_mark(rows[0], key)
            return read_intent(translated(rows[0]))
        if asked_at is not None and clock.now() - asked_at < KEYS_KEPT:
            self._bury(key)
        return None

    def retrieve_authorization(self, reference: str) -> AuthorizationAnswer:
        return read_intent(translated(self._retrieve_intent(reference)))

    def _bury(self, key: str) -> None:
        """Use a key up that never did anything. Raises Unknown when it did."""
        try:
            body = self._client.call(
                "bury",
                lambda sdk: sdk.v1.payment_intents.create,
                key=key,
                amount=100,
                currency="eur",
                payment_method_types=["card"],
                description="Tombstone: the payment with this key never arrived",
            )
        except Rejected as refused:
            raise Unknown(f"the key could not be used up: {refused.code}") from refused
        try:
            reference = reference_of(body, "id")
            self._client.call("bury", lambda sdk: sdk.v1.payment_intents.cancel, reference)
        except GatewayError:
            # It holds no money and never will: nobody can confirm it without a card.
            return

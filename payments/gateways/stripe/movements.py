"""Money taken at Stripe, and given back."""

from __future__ import annotations

from datetime import datetime

from payments.gateways.errors import Mismatch, Rejected, Unknown
from payments.gateways.protocol import OperationAnswer, Sort, Sought
from payments.gateways.stripe.answers import (
    KEY,
    find_mark,
    mark_of,
    money_of,
    part_of,
    read_marked,
    read_refund,
)
from payments.gateways.stripe.base import EXPAND, StripeBase
from payments.gateways.stripe.checks import (
    check_amount,
    check_id,
    marked,
    rows_of,
    translated,
    written,
)
from payments.gateways.suspicion import text_of
from payments.ledger.money import Money

MOST_REFUNDS = 100


class Movements(StripeBase):
    """The part of the gateway that takes money and gives it back."""

    def capture(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money,
        is_final: bool = False,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        intent = self._read_intent(authorization_reference)
        if (done := find_mark(intent, Sort.CAPTURE, key)) is not None:
            return done
        before = money_of(intent, "amount_received")
        leaves_rest = amount < money_of(intent, "amount_capturable") and not is_final
        body = self._client.call(
            "capture",
            lambda sdk: sdk.v1.payment_intents.capture,
            authorization_reference,
            key=key,
            amount_to_capture=written(amount),
            metadata={mark_of(Sort.CAPTURE, key): str(written(amount))},
            expand=EXPAND,
            # Stripe refuses it where the card may not be captured again: nothing is let go unasked.
            **({"final_capture": False} if leaves_rest else {}),
        )
        check_amount(before + amount, money_of(body, "amount_received"))
        return marked(body, Sort.CAPTURE, key, amount)

    def void_capture(
        self,
        *,
        key: str,
        capture_reference: str,
        amount: Money,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        raise Rejected("not_supported", "Stripe takes no capture back")

    def refund(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        body = self._client.call(
            "refund",
            lambda sdk: sdk.v1.refunds.create,
            key=key,
            payment_intent=authorization_reference,
            amount=written(amount),
            metadata={KEY: key},
        )
        if body.get("payment_intent") != authorization_reference:
            raise Mismatch(
                "payment_intent", authorization_reference, text_of(body, "payment_intent")
            )
        answer = read_refund(translated(body))
        check_amount(amount, answer.amount)
        return answer

    def retrieve_capture(self, reference: str) -> OperationAnswer:
        intent = self._retrieve_intent(reference.partition(":")[0])
        found = read_marked(intent, reference)
        if found is None:
            raise Rejected("not_found", "")
        return found

    def retrieve_refund(self, reference: str) -> OperationAnswer:
        body = self._client.call("retrieve", lambda sdk: sdk.v1.refunds.retrieve, reference)
        check_id(body, reference)
        return read_refund(translated(body))

    def _find_refund(self, key: str, sought: Sought) -> OperationAnswer | None:
        found = self._client.call(
            "find",
            lambda sdk: sdk.v1.refunds.list,
            payment_intent=sought.authorization_reference,
            limit=MOST_REFUNDS,
        )
        for one in rows_of(found):
            if part_of(one, "metadata").get(KEY) == key:
                return read_refund(translated(one))
        if found.get("has_more"):
            raise Unknown("more refunds than are looked through")
        return None

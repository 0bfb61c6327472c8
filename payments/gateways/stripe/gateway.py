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

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings

from audit import clock
from payments.gateways.errors import GatewayError, Mismatch, Rejected, Unavailable, Unknown
from payments.gateways.opened import Opened
from payments.gateways.protocol import (
    AuthorizationAnswer,
    CardFacts,
    Identity,
    OperationAnswer,
    OperationStatus,
    ProviderEvent,
    Sort,
    Sought,
    Total,
)
from payments.gateways.queries import find_meaning
from payments.gateways.stripe.amounts import NotWritable, to_stripe
from payments.gateways.stripe.answers import (
    KEY,
    REFERENCE,
    REFUND_STATUS,
    STATUS,
    check_object,
    find_mark,
    mark_of,
    money_of,
    part_of,
    read_card,
    read_intent,
    read_marked,
    read_refund,
)
from payments.gateways.stripe.client import CONNECTOR, Client, Declined
from payments.gateways.stripe.disputes import (
    DisputeFacts,
    Page,
    PayoutFacts,
    read_dispute,
    read_page,
    read_payout,
)
from payments.gateways.stripe.events import verify
from payments.gateways.suspicion import Body, reference_of, text_of
from payments.ledger.money import Money

KEYS_KEPT = timedelta(hours=23)
"""An hour less than Stripe says: its clock and ours may differ, and calls wait."""
EXPAND = ["latest_charge"]
MOST_REFUNDS = MOST_LISTED = 100
CARD_OPTIONS = {
    "request_multicapture": "if_available",
    "request_incremental_authorization": "if_available",
}


class StripeGateway:
    """See `payments.gateways.protocol.Gateway`, which says what each method does and raises.

    `occurred_at` is not Stripe's to know: it has one clock, the real one.
    """

    def __init__(
        self,
        api_key: str,
        webhook_secrets: Sequence[str] = (),
        *,
        base_url: str,
        timeout_s: float,
        return_url: str = "",
    ) -> None:
        self._client = Client(api_key, base_url, timeout_s)
        self._secrets = tuple(webhook_secrets)
        self._return_url = return_url

    @classmethod
    def for_account(cls, account: Opened) -> Self:
        return cls(
            account.api_key,
            account.webhook_secrets,
            base_url=settings.STRIPE_URL,
            timeout_s=settings.PROVIDER_TIMEOUT_S,
            return_url=settings.PAYMENT_RETURN_URL,
        )

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
            "amount": _written(amount),
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
        _check_mark(body, key)
        answer = read_intent(_translated(body))
        _check_amount(amount, answer.amount)
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
            amount=_written(total),
            metadata={mark_of(Sort.INCREMENT, key): str(_written(amount))},
            expand=EXPAND,
        )
        _check_amount(total, money_of(body, "amount"))
        return _marked(body, Sort.INCREMENT, key, amount)

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
            amount_to_capture=_written(amount),
            metadata={mark_of(Sort.CAPTURE, key): str(_written(amount))},
            expand=EXPAND,
            # Stripe refuses it where the card may not be captured again: nothing is let go unasked.
            **({"final_capture": False} if leaves_rest else {}),
        )
        _check_amount(before + amount, money_of(body, "amount_received"))
        return _marked(body, Sort.CAPTURE, key, amount)

    def void_capture(
        self,
        *,
        key: str,
        capture_reference: str,
        amount: Money,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        raise Rejected("not_supported", "Stripe takes no capture back")

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
            return _let_go(intent, amount)
        body = self._client.call(
            "void",
            lambda sdk: sdk.v1.payment_intents.cancel,
            authorization_reference,
            key=key,
            expand=EXPAND,
        )
        return _let_go(body, amount)

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
            amount=_written(amount),
            metadata={KEY: key},
        )
        if body.get("payment_intent") != authorization_reference:
            raise Mismatch(
                "payment_intent", authorization_reference, text_of(body, "payment_intent")
            )
        answer = read_refund(_translated(body))
        _check_amount(amount, answer.amount)
        return answer

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
        rows = _rows(found)
        if rows:
            _check_mark(rows[0], key)
            return read_intent(_translated(rows[0]))
        if asked_at is not None and clock.now() - asked_at < KEYS_KEPT:
            self._bury(key)
        return None

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
            return _let_go(intent, sought.amount) if is_done else None
        return find_mark(intent, sought.sort, key)

    def retrieve_authorization(self, reference: str) -> AuthorizationAnswer:
        return read_intent(_translated(self._retrieve_intent(reference)))

    def retrieve_capture(self, reference: str) -> OperationAnswer:
        intent = self._retrieve_intent(reference.partition(":")[0])
        found = read_marked(intent, reference)
        if found is None:
            raise Rejected("not_found", "")
        return found

    def retrieve_refund(self, reference: str) -> OperationAnswer:
        body = self._client.call("retrieve", lambda sdk: sdk.v1.refunds.retrieve, reference)
        _check_id(body, reference)
        return read_refund(_translated(body))

    def get_card(self, token: str) -> CardFacts:
        body = self._client.call("card", lambda sdk: sdk.v1.payment_methods.retrieve, token)
        _check_id(body, token)
        return read_card(body)

    def retrieve_dispute(self, reference: str) -> DisputeFacts:
        """As it is now. Raises Unavailable, Unknown, Rejected (not there)."""
        body = self._client.call("dispute", lambda sdk: sdk.v1.disputes.retrieve, reference)
        _check_id(body, reference)
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
        _check_id(body, reference)
        return read_payout(body)

    def list_payouts(self, after: str = "") -> Page[PayoutFacts]:
        """Newest first, those behind `after`. Raises Unavailable, Unknown."""
        more = {"starting_after": after} if after else {}
        body = self._client.call(
            "payouts", lambda sdk: sdk.v1.payouts.list, limit=MOST_LISTED, **more
        )
        return read_page(body, read_payout)

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

    def _retrieve_intent(self, reference: str) -> Body:
        body = self._client.call(
            "retrieve", lambda sdk: sdk.v1.payment_intents.retrieve, reference, expand=EXPAND
        )
        _check_id(body, reference)
        return body

    def _read_intent(self, reference: str) -> Body:
        """The PaymentIntent before it is changed: no answer means that nothing happened."""
        try:
            return self._retrieve_intent(reference)
        except Unknown as silence:
            raise Unavailable(str(silence)) from silence

    def _find_refund(self, key: str, sought: Sought) -> OperationAnswer | None:
        found = self._client.call(
            "find",
            lambda sdk: sdk.v1.refunds.list,
            payment_intent=sought.authorization_reference,
            limit=MOST_REFUNDS,
        )
        for one in _rows(found):
            if part_of(one, "metadata").get(KEY) == key:
                return read_refund(_translated(one))
        if found.get("has_more"):
            raise Unknown("more refunds than are looked through")
        return None

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


def _written(amount: Money) -> int:
    try:
        return to_stripe(amount)
    except NotWritable as cannot:
        raise Rejected(str(cannot), "") from cannot


def _translated(body: Body) -> Body:
    """An object whose status somebody has mapped, with one of Stripe's that means the same."""
    kind, raw = text_of(body, "object", 40), text_of(body, "status")
    known = REFUND_STATUS if kind == "refund" else STATUS
    if raw in known:
        return body
    word = "refund" if kind == "refund" else "authorization"
    meaning = find_meaning(CONNECTOR, word, raw)
    for theirs, ours in known.items():
        if meaning == ours:
            return {**body, "status": theirs}
    return body


def _marked(body: Body, sort: Sort, key: str, amount: Money) -> OperationAnswer:
    answer = find_mark(body, sort, key)
    if answer is None:
        raise Mismatch("metadata", "a mark of the call", "none")
    _check_amount(amount, answer.amount)
    return answer


def _let_go(intent: Body, amount: Money | None) -> OperationAnswer:
    """What a cancelled PaymentIntent let go of."""
    if text_of(intent, "status") != "canceled":
        raise Mismatch("status", "canceled", text_of(intent, "status"))
    held = money_of(intent, "amount") - money_of(intent, "amount_received")
    if amount is not None:
        _check_amount(amount, held)
    return OperationAnswer(
        status=OperationStatus.SUCCEEDED,
        reference=f"{reference_of(intent, 'id')}:v",
        amount=held,
        raw_status="canceled",
    )


def _rows(found: Body) -> list[Body]:
    rows = found.get("data")
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise Unknown("the answer is no list")
    return rows


def _check_mark(body: Body, key: str) -> None:
    if part_of(body, "metadata").get(KEY) != key:
        raise Mismatch("metadata", key, "another")


def _check_id(body: Body, reference: str) -> None:
    if body.get("id") != reference:
        raise Mismatch("id", reference, text_of(body, "id"))


def _check_amount(asked: Money, answered: Money) -> None:
    if (asked.minor, asked.currency) != (answered.minor, answered.currency):
        raise Mismatch("amount", asked, answered)

"""The sandbox provider as a gateway.

Its policy on keys: kept for ever; the same key and content give the first answer again, another
content is refused, and a call under way with the key too. Both refusals are `Unknown` to us,
because they do not say what the earlier call did.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Self
from urllib.parse import quote

from django.conf import settings

from payments.gateways import signatures
from payments.gateways.errors import Mismatch, Rejected
from payments.gateways.opened import Opened
from payments.gateways.protocol import (
    AuthorizationAnswer,
    CardFacts,
    Identity,
    OperationAnswer,
    ProviderEvent,
    Sought,
    Total,
)
from payments.gateways.queries import find_meaning
from payments.gateways.sandbox.answers import (
    check,
    is_known_status,
    read_authorization,
    read_card,
    read_operation,
    read_totals,
)
from payments.gateways.sandbox.client import Body, Client
from payments.gateways.suspicion import instant_of, text_of
from payments.ledger.money import Money

CONNECTOR = "sandbox"
NEVER_DONE = "operation_not_found"
OPERATIONS = ("increment", "capture", "void", "refund")


class SandboxGateway:
    """See `payments.gateways.protocol.Gateway`, which says what each method does and raises."""

    def __init__(
        self,
        url: str,
        timeout_s: float,
        webhook_secrets: Sequence[str],
        meaning_of: Callable[[str, str], str | None] = lambda _kind, _raw: None,
    ) -> None:
        """`meaning_of` a kind of object and a status that nobody knows: one of ours, if mapped."""
        self._client = Client(url, timeout_s)
        self._secrets = tuple(webhook_secrets)
        self._meaning_of = meaning_of

    @classmethod
    def for_account(cls, account: Opened | None) -> Self:
        """Through an account; without one, and for what it does not say, as the settings have it.

        The provider of the sandbox knows no accounts: all of ours are one to it.
        """
        own = account.webhook_secrets if account is not None else ()
        return cls(
            settings.SANDBOX_URL,
            settings.PROVIDER_TIMEOUT_S,
            own or settings.SANDBOX_WEBHOOK_SECRETS,
            partial(find_meaning, CONNECTOR),
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
        content = {
            "amount": amount.minor,
            "currency": amount.currency,
            "card": card_token,
            "reference": reference,
            "capture": "manual",
            **_when(occurred_at),
        }
        body = self._client.post("authorize", "/v1/authorizations", key, content)
        check(body, "reference", reference)
        answer = read_authorization(self._translated(body))
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
        return self._operate(
            "increment", "increments", key, authorization_reference, amount, occurred_at
        )

    def capture(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money,
        is_final: bool = False,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        return self._operate(
            "capture",
            "captures",
            key,
            authorization_reference,
            amount,
            occurred_at,
            {"final": True} if is_final else {},
        )

    def void_capture(
        self,
        *,
        key: str,
        capture_reference: str,
        amount: Money,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        path = f"/v1/captures/{quote(capture_reference, safe='')}/void"
        body = self._client.post("void_capture", path, key, _when(occurred_at))
        check(body, "capture", capture_reference)
        answer = read_operation(self._translated(body), "void")
        _check_amount(amount, answer.amount)
        return answer

    def void(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money | None = None,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        return self._operate("void", "void", key, authorization_reference, amount, occurred_at)

    def refund(
        self,
        *,
        key: str,
        authorization_reference: str,
        amount: Money,
        occurred_at: datetime | None = None,
    ) -> OperationAnswer:
        return self._operate("refund", "refunds", key, authorization_reference, amount, occurred_at)

    def find_authorization(
        self, key: str, asked_at: datetime | None = None
    ) -> AuthorizationAnswer | None:
        current = self._find(key)
        return None if current is None else read_authorization(current)

    def find_operation(self, key: str, sought: Sought | None = None) -> OperationAnswer | None:
        current = self._find(key)
        return None if current is None else read_operation(current, *OPERATIONS)

    def retrieve_authorization(self, reference: str) -> AuthorizationAnswer:
        return read_authorization(self._retrieve("authorizations", reference))

    def retrieve_capture(self, reference: str) -> OperationAnswer:
        return read_operation(self._retrieve("captures", reference), "capture")

    def retrieve_refund(self, reference: str) -> OperationAnswer:
        return read_operation(self._retrieve("refunds", reference), "refund")

    def get_card(self, token: str) -> CardFacts:
        body = self._client.get("card", f"/v1/cards/{quote(token, safe='')}")
        check(body, "token", token)
        return read_card(body)

    def identify(self) -> Identity:
        self._client.get("identify", "/v1/totals")
        return Identity("sandbox", is_live=False)

    def totals(self) -> tuple[Total, ...]:
        return read_totals(self._client.get("totals", "/v1/totals"))

    def verify_event(
        self, headers: Mapping[str, str], raw_body: bytes, now: datetime
    ) -> ProviderEvent:
        signed = signatures.verify(headers, raw_body, self._secrets, now)
        return read_event(signed, raw_body)

    def _operate(
        self,
        kind: str,
        part: str,
        key: str,
        authorization_reference: str,
        amount: Money | None,
        occurred_at: datetime | None,
        more: Body | None = None,
    ) -> OperationAnswer:
        path = f"/v1/authorizations/{quote(authorization_reference, safe='')}/{part}"
        content: Body = {**_when(occurred_at), **(more or {})}
        if amount is not None:
            content["amount"] = amount.minor
        body = self._client.post(kind, path, key, content)
        check(body, "authorization", authorization_reference)
        answer = read_operation(self._translated(body), kind)
        if amount is not None:
            _check_amount(amount, answer.amount)
        return answer

    def _translated(self, body: Body) -> Body:
        """An object whose status somebody has mapped, with ours; its own stays beside it."""
        kind, raw = text_of(body, "object", 40), text_of(body, "status")
        if is_known_status(kind, raw):
            return body
        meaning = self._meaning_of(kind, raw)
        return {**body, "status": meaning, "raw_status": raw} if meaning else body

    def _find(self, key: str) -> Body | None:
        try:
            body = self._client.get("operation", "/v1/operations", {"key": key})
        except Rejected as error:
            if error.code == NEVER_DONE:
                return None
            raise
        check(body, "key", key)
        current = body.get("current")
        if not isinstance(current, dict):
            raise Mismatch("current", "an object", type(current).__name__)
        return self._translated(current)

    def _retrieve(self, things: str, reference: str) -> Body:
        body = self._client.get("retrieve", f"/v1/{things}/{quote(reference, safe='')}")
        check(body, "id", reference)
        return self._translated(body)


def read_event(signed: signatures.Signed, raw_body: bytes) -> ProviderEvent:
    """A genuine message, whatever it holds: what cannot be read has no type and is kept."""
    raw = raw_body.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    try:
        body = json.loads(raw_body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or body.get("id") != signed.id:
        return ProviderEvent(signed.id, "", "", "", "", signed.sent_at, raw)
    data = body.get("data")
    if not isinstance(data, dict):
        data = {}
    kind = text_of(data, "object", 40)
    reference = text_of(data, "id")
    return ProviderEvent(
        id=signed.id,
        type=text_of(body, "type"),
        kind=kind,
        reference=reference,
        authorization_reference=reference
        if kind == "authorization"
        else text_of(data, "authorization"),
        occurred_at=instant_of(body, "created") or signed.sent_at,
        raw=raw,
    )


def _when(occurred_at: datetime | None) -> Body:
    if occurred_at is None:
        return {}
    return {"occurred_at": occurred_at.astimezone(UTC).isoformat()}


def _check_amount(asked: Money, answered: Money) -> None:
    if (asked.minor, asked.currency) != (answered.minor, answered.currency):
        raise Mismatch("amount", asked, answered)

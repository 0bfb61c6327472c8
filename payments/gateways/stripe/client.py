"""Stripe's SDK over our own wire: its requests, our timeouts, and our words for what went wrong.

| what came                                  | means                                               |
|--------------------------------------------|-----------------------------------------------------|
| no connection, 429, 401, 403               | `Unavailable`: surely nothing happened              |
| no answer, half an answer, 5xx, 3xx        | `Unknown`                                           |
| 409, 400 `idempotency_error`               | `Unknown`: it does not say what the key did before  |
| other 4xx                                  | `Rejected`                                          |
| 402 about an authorization                 | an answer: `Declined` carries the PaymentIntent     |

Nothing is tried again by the SDK: whoever tries again does so with the same key, later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from payments.gateways.errors import CredentialsRefused, Rejected, Unavailable, Unknown
from payments.gateways.suspicion import Body
from payments.gateways.wire import exchange, retry_after_of

try:
    import stripe
except ImportError as error:  # pragma: no cover, tests have it
    raise ImproperlyConfigured(
        "the Stripe connector needs the SDK: install Comptoir with its extra, comptoir[stripe]"
    ) from error

# It would tell every call a second time, with addresses and the provider's messages.
logging.getLogger("stripe").setLevel(logging.WARNING)

API_VERSION = "2026-10-28.endive"
"""The version whose shapes are read here, whatever the account's own default is."""
CONNECTOR = "stripe"


class Declined(Rejected):
    """A card was declined; `intent` is the PaymentIntent that says so."""

    def __init__(self, code: str, intent: Body) -> None:
        super().__init__(code, "")
        self.intent = intent


class Wire(stripe.HTTPClient):
    """What the SDK sends goes out over our own connections. It raises our errors, not the SDK's."""

    name = "comptoir"

    def __init__(self, timeout_s: float, operation: str, *, is_local: bool) -> None:
        super().__init__()
        self._timeout_s = timeout_s
        self._operation = operation
        self._is_local = is_local

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        answer = exchange(
            CONNECTOR,
            self._operation,
            method.upper(),
            url,
            self._timeout_s,
            is_local=self._is_local,
            headers=dict(headers or {}),
            content=post_data,
        )
        # Anything else would be taken for an error of Stripe's own.
        text = answer.content.decode(errors="replace")
        return text, answer.status, dict(answer.headers)

    def close(self) -> None:
        """The connections are the process's."""


class Client:
    """The calls that the connector makes. Answers are plain objects."""

    def __init__(self, api_key: str, base_url: str, timeout_s: float) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._timeout_s = timeout_s

    def call(
        self,
        operation: str,
        what: Callable[[stripe.StripeClient], Callable[..., Any]],
        *args: str,
        key: str = "",
        **params: Any,
    ) -> Body:
        """Raises Unavailable (CredentialsRefused), Unknown, Rejected (Declined)."""
        options: dict[str, Any] = {"idempotency_key": key} if key else {}
        method = what(self._sdk(operation))
        try:
            answer = method(*args, params=params, options=options)
        except stripe.StripeError as error:
            raise _translated(operation, error) from error
        found = answer.to_dict()
        if not isinstance(found, dict):
            raise Unknown(f"{operation}: the answer is not an object")
        return found

    def _sdk(self, operation: str) -> stripe.StripeClient:
        is_local = self._base_url.startswith("http://127.0.0.1")
        return stripe.StripeClient(
            self._api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": self._base_url},
            max_network_retries=0,
            http_client=Wire(self._timeout_s, operation, is_local=is_local),
        )


def _translated(operation: str, error: stripe.StripeError) -> Exception:
    status = error.http_status or 0
    said = _said(error)
    code = str(said.get("code") or said.get("type") or "")[:80]
    if status == 429 or code == "rate_limit":
        return Unavailable(f"{operation}: too many calls", retry_after_of(error.headers or {}))
    if status in (401, 403):
        return CredentialsRefused(f"{operation}: the credentials are refused ({status})")
    is_kind_no = 400 <= status < 500 and status not in (408, 409, 424)
    if not (is_kind_no and code) or said.get("type") == "idempotency_error":
        return Unknown(f"{operation}: status {status}")
    intent = said.get("payment_intent")
    if status == 402 and isinstance(intent, dict):
        return Declined(str(said.get("decline_code") or code)[:80], intent)
    return Rejected(str(said.get("decline_code") or code)[:80], "")


def _said(error: stripe.StripeError) -> Body:
    body = error.json_body
    found = body.get("error") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}

"""An account's client, and the PaymentIntent that every call is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from django.conf import settings

from payments.gateways.errors import Unavailable, Unknown
from payments.gateways.opened import Opened
from payments.gateways.stripe.checks import check_id
from payments.gateways.stripe.client import Client
from payments.gateways.suspicion import Body

EXPAND = ["latest_charge"]


class StripeBase:
    """What the parts of the gateway share."""

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

    def _retrieve_intent(self, reference: str) -> Body:
        body = self._client.call(
            "retrieve", lambda sdk: sdk.v1.payment_intents.retrieve, reference, expand=EXPAND
        )
        check_id(body, reference)
        return body

    def _read_intent(self, reference: str) -> Body:
        """The PaymentIntent before it is changed: no answer means that nothing happened."""
        try:
            return self._retrieve_intent(reference)
        except Unknown as silence:
            raise Unavailable(str(silence)) from silence

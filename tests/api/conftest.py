"""A merchant's system that calls the API through Django's own client."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from audit.actor import acting_as, operator, system
from audit.outbox.delivery import deliver_due
from config.api.commands import create_api_key, make_secret_arguments
from config.api.models import ApiKey
from config.api.policy import new_secret
from config.api.scopes import SCOPES
from payments.parties.models import CardReference, Customer, Merchant
from tests.payments.builders import make_card, make_customer, make_merchant, make_reason, new_key


@dataclass
class Shop:
    """A merchant with a key, a customer and a card, and a way to call."""

    merchant: Merchant
    customer: Customer
    card: CardReference
    key: ApiKey
    secret: str
    client: Client

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        idempotency_key: str | None = "",
        secret: str | None = None,
        **more: Any,
    ) -> Any:
        """One call; a POST has a fresh idempotency key unless one, or None, is given."""
        headers = {"Authorization": f"Bearer {secret or self.secret}", **more.pop("headers", {})}
        if method == "POST" and idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key or uuid.uuid4().hex
        content = body if isinstance(body, str | bytes) else json.dumps(body or {})
        what: dict[str, Any] = {"content_type": "application/json", **more}
        if method != "GET":
            what["data"] = content
        else:
            what = {}
        return self.client.generic(method, f"/api/v1{path}", headers=headers, **what)

    def pay(self, minor: int = 10_000, **given: Any) -> Any:
        body = {"amount": minor, "currency": "EUR", "card": str(self.card.pk)}
        key = given.pop("idempotency_key", "")
        return self.call("POST", "/payments", {**body, **given}, idempotency_key=key)


def make_secret_key(merchant: Merchant, *scopes: str, **given: Any) -> tuple[ApiKey, str]:
    """A key with these scopes, by default all of them, and its secret."""
    secret = new_secret(is_live=given.get("is_live", False))
    made = create_api_key(
        merchant_id=merchant.pk,
        name="Shop",
        scopes=list(scopes or SCOPES),
        key=new_key(),
        **make_secret_arguments(secret),
        **given,
    )
    return made, secret.text


def open_shop(**terms: Any) -> Shop:
    with acting_as(operator("test")):
        make_reason()
        merchant = make_merchant(**terms)
        customer = make_customer(merchant)
        card = make_card(merchant, customer)
        key, secret = make_secret_key(merchant)
    return Shop(merchant, customer, card, key, secret, Client(raise_request_exception=False))


@pytest.fixture(autouse=True)
def _nobody_waits(settings: Settings) -> None:
    """Under the `db` fixture nothing is committed, so nothing can be done at once."""
    settings.API_WAIT_S = 0


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop()


Work = Callable[[], None]


@pytest.fixture
def work() -> Work:
    """What the worker does: everything in the outbox that is due."""

    def do() -> None:
        with acting_as(system("worker")):
            while deliver_due():
                pass

    return do

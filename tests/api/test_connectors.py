"""What providers can do, and cards at a provider that is reached through an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from audit.actor import acting_as, operator
from payments.gateways.capabilities import CAPABILITIES
from payments.gateways.commands import create_account, enable_account, record_trial
from payments.gateways.models import ConnectorAccount
from tests.api.conftest import Shop
from tests.api.test_keys_at_the_door import problem_of
from tests.payments.builders import new_key
from tests.payments.gateways.stripe.house import FakeStripe
from tests.payments.gateways.stripe.provider import running_stripe

pytestmark = pytest.mark.django_db


@pytest.fixture
def stripe_house(settings: Settings) -> Iterator[FakeStripe]:
    with running_stripe() as house:
        settings.STRIPE_URL = house.url
        yield house


def test_what_each_provider_can_do_is_told_to_machines(shop: Shop) -> None:
    told = {one["connector"]: one for one in shop.call("GET", "/connectors").json()["data"]}
    assert set(told) == set(CAPABILITIES)
    stripe = told["stripe"]
    assert stripe["features"]["void_capture"] == "no"
    assert stripe["features"]["multiple_capture"] == "sometimes"
    assert (stripe["idempotency_window_s"], stripe["moves_money"]) == (86_400, True)
    assert "EUR" in stripe["currencies"]
    assert told["sandbox"]["currencies"] is None


def test_card_at_a_provider_is_asked_for_through_the_merchants_account(
    shop: Shop, stripe_house: FakeStripe
) -> None:
    body = {"connector": "stripe", "token": "pm_card_visa", "customer": str(shop.customer.pk)}
    refused = shop.call("POST", "/cards", body)
    assert (refused.status_code, problem_of(refused)) == (400, "connector_unknown")
    with acting_as(operator("test")):
        account = create_account(
            connector="stripe", name="Own", api_key="sk_test_keyofthetests", key=new_key()
        )
        tried, passed = account.next_api_key, ConnectorAccount.Trial.PASSED
        record_trial(account_id=account.pk, tried=tried, outcome=passed)
        enable_account(account_id=account.pk)
    made = shop.call("POST", "/cards", body)
    assert (made.status_code, made.json()["connector"]) == (201, "stripe")
    assert made.json()["last_four"] == "4444"
    assert made.json()["brand"] == "mastercard"

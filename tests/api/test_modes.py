"""Test and live: two worlds of one merchant, and a key meets only what is in its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.actor import acting_as, operator
from payments.models import Payment
from tests.api.conftest import Shop, Work, make_secret_key, open_shop
from tests.api.test_keys_at_the_door import problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db: None) -> Shop:
    return open_shop(is_live=True)


@pytest.fixture
def live_secret(shop: Shop) -> str:
    with acting_as(operator("test")):
        return make_secret_key(shop.merchant, is_live=True)[1]


def test_payment_is_of_the_mode_of_its_key(shop: Shop, live_secret: str) -> None:
    made = shop.pay().json()
    assert made["livemode"] is False
    assert Payment.objects.get().is_live is False
    customer = shop.call("POST", "/customers", {"name": "Ana"}, secret=live_secret).json()
    assert customer["livemode"] is True


def test_live_key_takes_a_live_payment_with_a_live_card(shop: Shop, live_secret: str) -> None:
    with acting_as(operator("test")):
        from tests.payments.builders import make_card

        card = make_card(shop.merchant, is_live=True)
    body = {"amount": 100, "currency": "EUR", "card": str(card.pk)}
    made = shop.call("POST", "/payments", body, secret=live_secret)
    assert (made.status_code, made.json()["livemode"]) == (202, True)
    assert shop.call("GET", f"/payments/{made.json()['id']}").status_code == 404
    assert shop.call("GET", "/payments").json()["data"] == []
    assert len(shop.call("GET", "/payments", secret=live_secret).json()["data"]) == 1


ACTS: dict[str, Callable[[Shop, dict[str, Any]], tuple[str, str, dict[str, Any]]]] = {
    "payment": lambda _shop, made: ("GET", f"/payments/{made['id']}", {}),
    "capture": lambda _shop, made: ("POST", f"/payments/{made['id']}/capture", {}),
    "void": lambda _shop, made: ("POST", f"/payments/{made['id']}/void", {}),
    "increment": lambda _shop, made: ("POST", f"/payments/{made['id']}/increment", {"amount": 1}),
    "confirm": lambda shop, made: (
        "POST",
        f"/payments/{made['id']}/confirm",
        {"card": str(shop.card.pk)},
    ),
    "refund": lambda _shop, made: ("POST", "/refunds", {"payment": made["id"]}),
    "customer": lambda shop, _made: ("GET", f"/customers/{shop.customer.pk}", {}),
    "change": lambda shop, _made: ("PATCH", f"/customers/{shop.customer.pk}", {"name": "Z"}),
    "card": lambda shop, _made: ("GET", f"/cards/{shop.card.pk}", {}),
    "its card": lambda shop, _made: (
        "POST",
        "/payments",
        {"amount": 1, "currency": "EUR", "card": str(shop.card.pk)},
    ),
}


@pytest.mark.parametrize("what", list(ACTS))
def test_live_key_does_not_meet_what_is_for_tests(
    shop: Shop, live_secret: str, work: Work, what: str
) -> None:
    made = shop.pay(capture_method="manual").json()
    method, path, body = ACTS[what](shop, made)
    answer = shop.call(method, path, body, secret=live_secret)
    assert answer.status_code == 404
    assert problem_of(answer).endswith("_missing")
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("path", ["/payments", "/customers", "/refunds"])
def test_lists_of_a_live_key_show_nothing_of_tests(shop: Shop, live_secret: str, path: str) -> None:
    shop.pay()
    assert shop.call("GET", path, secret=live_secret).json() == {"data": [], "next": None}


def test_same_idempotency_key_in_the_other_mode_is_another(shop: Shop, live_secret: str) -> None:
    one = shop.call("POST", "/customers", {"name": "A"}, idempotency_key="k")
    two = shop.call("POST", "/customers", {"name": "B"}, idempotency_key="k", secret=live_secret)
    assert (one.status_code, two.status_code) == (201, 201)
    assert one.json()["id"] != two.json()["id"]

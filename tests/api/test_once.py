"""Once by key: what the contract of an Idempotency-Key says, line by line."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from audit.actor import acting_as, system
from audit.idempotency.commands import tidy_records
from audit.idempotency.models import Record
from audit.idempotency.queries import digest_of, find_record
from config.api.root import api
from payments.models import Attempt, Capture, Payment, Refund
from payments.parties.models import Customer
from payments.webhooks.models import Endpoint
from tests.api.conftest import Shop, open_shop
from tests.api.test_keys_at_the_door import problem_of
from tests.api.test_payments import authorized, captured

pytestmark = pytest.mark.django_db

URL = "https://shop.example.com/hooks"
BODIES: dict[str, Callable[[Shop], dict[str, Any]]] = {
    "/payments": lambda shop: {"amount": 1, "currency": "EUR", "card": str(shop.card.pk)},
    "/payments/{payment_id}/confirm": lambda _shop: {},
    "/payments/{payment_id}/capture": lambda _shop: {},
    "/payments/{payment_id}/increment": lambda _shop: {"amount": 1},
    "/payments/{payment_id}/captures/{capture_id}/void": lambda _shop: {},
    "/payments/{payment_id}/void": lambda _shop: {},
    "/refunds": lambda _shop: {"payment": str(uuid.uuid4())},
    "/customers": lambda _shop: {"name": "Ines"},
    "/cards": lambda _shop: {"token": "tok_visa_approved"},
    "/webhook_endpoints": lambda _shop: {"url": URL},
    "/webhook_endpoints/{endpoint_id}/rotate": lambda _shop: {},
}
"""Every POST of the API, with a body that its shape takes."""


def posts_of_the_document() -> set[str]:
    paths = api.get_openapi_schema(path_prefix="")["paths"]
    return {path for path, operations in paths.items() if "post" in operations}


def test_every_post_of_the_api_is_tried_without_a_key() -> None:
    assert posts_of_the_document() == set(BODIES)


@pytest.mark.parametrize("path", sorted(BODIES))
def test_post_without_a_key_is_refused_and_does_nothing(shop: Shop, path: str) -> None:
    body = BODIES[path](shop)
    filled = path.format(payment_id=uuid.uuid4(), capture_id=uuid.uuid4(), endpoint_id=uuid.uuid4())
    before = rows()
    answer = shop.call("POST", filled, body, idempotency_key=None)
    assert (answer.status_code, problem_of(answer)) == (400, "idempotency_key_missing")
    assert rows() == before


def rows() -> list[int]:
    models = (Payment, Attempt, Capture, Refund, Customer, Endpoint, Record)
    return [model._default_manager.count() for model in models]


def prepared(shop: Shop) -> str:
    return str(shop.pay(confirm=False).json()["id"])


def endpoint(shop: Shop) -> str:
    return str(shop.call("POST", "/webhook_endpoints", {"url": URL}).json()["id"])


ONCE: dict[str, Callable[[Shop], tuple[str, dict[str, Any]]]] = {
    "taken": lambda shop: (
        "/payments",
        {"amount": 5, "currency": "EUR", "card": str(shop.card.pk)},
    ),
    "prepared": lambda shop: ("/payments", {"amount": 5, "currency": "EUR", "confirm": False}),
    "confirmed": lambda shop: (f"/payments/{prepared(shop)}/confirm", {}),
    "canceled": lambda shop: (f"/payments/{prepared(shop)}/void", {}),
    "captured": lambda shop: (f"/payments/{authorized(shop)}/capture", {}),
    "captured in part": lambda shop: (f"/payments/{authorized(shop)}/capture", {"amount": 7}),
    "incremented": lambda shop: (f"/payments/{authorized(shop)}/increment", {"amount": 7}),
    "voided": lambda shop: (f"/payments/{authorized(shop)}/void", {}),
    "refunded": lambda shop: ("/refunds", {"payment": captured(shop)}),
    "refunded in part": lambda shop: ("/refunds", {"payment": captured(shop), "amount": 7}),
    "capture voided": lambda shop: (void_of_capture(shop), {}),
    "customer": lambda shop: ("/customers", {"name": "Ines"}),
    "endpoint": lambda shop: ("/webhook_endpoints", {"url": URL}),
    "rotated": lambda shop: (f"/webhook_endpoints/{endpoint(shop)}/rotate", {}),
}


def void_of_capture(shop: Shop) -> str:
    payment_id = captured(shop)
    capture = Capture.objects.get(payment_id=payment_id)
    return f"/payments/{payment_id}/captures/{capture.pk}/void"


@pytest.mark.parametrize("what", ONCE)
def test_repeat_of_anything_gives_the_first_answer(shop: Shop, what: str) -> None:
    path, body = ONCE[what](shop)
    first = shop.call("POST", path, body, idempotency_key="k")
    assert first.status_code in (201, 202), first.content
    before = rows()
    again = shop.call("POST", path, body, idempotency_key="k")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert rows() == before


@pytest.mark.parametrize("what", ONCE)
def test_rival_that_did_not_see_the_first_request_does_nothing(
    shop: Shop, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, body = ONCE[what](shop)
    first = shop.call("POST", path, body, idempotency_key="k")
    before = rows()
    asked = blind_once(monkeypatch)
    again = shop.call("POST", path, body, idempotency_key="k")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert asked[0] == 2
    assert rows() == before


def blind_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The next look for a record finds nothing, as when the first has not been committed yet."""
    asked = [0]

    def find(owner: str, key: str) -> Record | None:
        asked[0] += 1
        return None if asked[0] == 1 else find_record(owner, key)

    monkeypatch.setattr("audit.idempotency.http.find_record", find)
    return asked


def test_rival_with_another_request_is_told_that_the_key_is_used(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, body = ONCE["canceled"](shop)
    other, _body = ONCE["canceled"](shop)
    shop.call("POST", path, body, idempotency_key="k")
    blind_once(monkeypatch)
    again = shop.call("POST", other, body, idempotency_key="k")
    assert (again.status_code, problem_of(again)) == (422, "idempotency_key_reused")
    assert Payment.objects.get(pk=other.split("/")[2]).status == "requires_confirmation"


MONEY = ("taken", "prepared", "confirmed", "captured in part", "refunded in part")


@pytest.mark.parametrize("what", MONEY)
def test_key_that_was_forgotten_still_does_nothing_twice(shop: Shop, what: str) -> None:
    path, body = ONCE[what](shop)
    first = shop.call("POST", path, body, idempotency_key="k").json()
    with acting_as(system("test")):
        tidy_records(kept_days=-1)
    assert not Record.objects.exists()
    before = rows()
    again = shop.call("POST", path, body, idempotency_key="k")
    assert (again.json()["id"], again["Idempotent-Replayed"]) == (first["id"], "true")
    assert rows() == before


def test_body_counts_by_what_it_says_and_not_by_how_it_is_written(shop: Shop) -> None:
    body = {"amount": 5, "currency": "EUR", "card": str(shop.card.pk)}
    first = shop.call("POST", "/payments", body, idempotency_key="k")
    turned = json.dumps(dict(reversed(body.items())), indent=3)
    again = shop.call("POST", "/payments", turned, idempotency_key="k")
    assert again.content == first.content


@pytest.mark.parametrize("what", ["voided", "canceled", "capture voided"])
def test_what_takes_no_body_takes_none(shop: Shop, what: str) -> None:
    path, _body = ONCE[what](shop)
    answer = shop.call("POST", path, {"amount": 5})
    assert (answer.status_code, problem_of(answer)) == (400, "invalid_request")
    card = shop.call("POST", path, {"note": "4242 4242 4242 4242"})
    assert (card.status_code, problem_of(card)) == (400, "card_number")
    assert shop.call("POST", path, "").status_code in (201, 202)


@pytest.mark.parametrize("what", ONCE)
def test_answer_that_is_kept_is_sealed(shop: Shop, what: str) -> None:
    path, body = ONCE[what](shop)
    answer = shop.call("POST", path, body, idempotency_key="k")
    kept = Record.objects.get(digest=digest_of("k")).answer
    assert kept
    assert answer.json()["id"] not in kept
    for secret in ("ck_test", "4242", shop.card.token, str(answer.json().get("secret"))):
        assert secret not in kept


def test_other_shops_key_of_the_same_name_is_another(shop: Shop) -> None:
    other = open_shop()
    path, body = ONCE["customer"](shop)
    one = shop.call("POST", path, body, idempotency_key="k").json()
    two = other.call("POST", path, body, idempotency_key="k").json()
    assert one["id"] != two["id"]

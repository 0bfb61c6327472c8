"""Whatever is sent: a 4xx problem that says what is wrong, and nothing is written."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from payments.models import Payment
from payments.parties.models import CardReference, Customer
from tests.api.conftest import Shop
from tests.api.test_keys_at_the_door import problem_of

pytestmark = pytest.mark.django_db
CARD = "{card}"
CARD_NUMBER = "4242424242424242"


def payment(**changed: Any) -> str:
    return json.dumps({"amount": 1234, "currency": "EUR", "card": CARD, **changed})


BODIES: dict[str, tuple[Any, str]] = {
    "nothing": ("", "invalid_request"),
    "not JSON": ("{", "json_invalid"),
    "a list": ("[]", "body_not_object"),
    "a text": ('"x"', "body_not_object"),
    "bad UTF-8": (b'{"amount": "\xff"}', "json_invalid"),
    "a name twice": ('{"amount": 1, "amount": 2}', "json_invalid"),
    "NaN": ('{"amount": NaN}', "json_invalid"),
    "Infinity": ('{"amount": Infinity}', "json_invalid"),
    "a huge integer": ('{"amount": ' + "9" * 5000 + "}", "json_invalid"),
    "beyond 2^53": ('{"amount": 9007199254740993}', "json_invalid"),
    "deep nesting": ('{"a":' * 40 + "1" + "}" * 40, "json_too_deep"),
    "very deep nesting": ("[" * 30_000, "json_invalid"),
    "NUL": (payment(order_reference="a\0b"), "text_unreadable"),
    "a lone surrogate": ('{"order_reference": "\\ud800"}', "text_unreadable"),
    "an unknown field": (payment(amonut=1), "invalid_request"),
    "a float": (payment(amount=12.34), "invalid_request"),
    "a number in text": (payment(amount="1234"), "invalid_request"),
    "a truth": (payment(amount=True), "invalid_request"),
    "zero": (payment(amount=0), "invalid_request"),
    "negative": (payment(amount=-1), "invalid_request"),
    "null": (payment(amount=None), "invalid_request"),
    "no currency there is": (payment(currency="XQX"), "currency_unknown"),
    "a small currency": (payment(currency="eur"), "invalid_request"),
    "a currency not taken": (payment(currency="GBP"), "currency_not_taken"),
    "not an id": (payment(card="42"), "invalid_request"),
    "nobody's card": (payment(card=str(uuid.uuid4())), "card_missing"),
    "nobody": (payment(customer=str(uuid.uuid4())), "customer_missing"),
    "another method": (payment(capture_method="later"), "invalid_request"),
    "too long": (payment(order_reference="x" * 81), "invalid_request"),
    "a card number": (payment(order_reference=CARD_NUMBER), "card_number"),
    "a spaced card number": (payment(order_reference="4242 4242 4242 4242"), "card_number"),
    "a full-width card number": (
        payment(order_reference="４２４２４２４２４２４２４２４２"),
        "card_number",
    ),
    "a card number for a card": (payment(card=CARD_NUMBER), "card_number"),
    "a card number as a number": (payment(amount=int(CARD_NUMBER)), "card_number"),
    "a card number for a name": ('{"4242424242424242": 1}', "card_number"),
}


@pytest.mark.parametrize("what", list(BODIES))
def test_payment_with_a_bad_body_is_refused(shop: Shop, what: str) -> None:
    body, code = BODIES[what]
    if isinstance(body, str):
        body = body.replace(CARD, str(shop.card.pk)).encode("utf-8", "surrogatepass")
    answer = shop.call("POST", "/payments", body)
    assert 400 <= answer.status_code < 500
    assert problem_of(answer) == code
    assert CARD_NUMBER not in answer.content.decode()
    assert Payment.objects.count() == 0


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_content_type_is_refused(shop: Shop, content_type: str) -> None:
    answer = shop.call("POST", "/customers", "{}", content_type=content_type)
    assert (answer.status_code, problem_of(answer)) == (400, "content_type")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "after=x",
        "after=1-2",
        "after=%00",
        "customer=x",
        "created_from=x",
        "status=" + "x" * 21,
        "order_reference=%00",
        "created_from=0001-01-01T00:00:00",
        "created_until=9999-12-31T23:59:59%2B00:00",
    ],
)
def test_strange_query_is_no_500(shop: Shop, query: str) -> None:
    answer = shop.call("GET", f"/payments?{query}")
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert problem_of(answer) in ("invalid_request", "cursor_invalid", "text_unreadable")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email", "no address", "email_invalid"),
        ("phone", "call me", "phone_invalid"),
        ("name", "4111 1111 1111 1111", "card_number"),
        ("name", "x" * 201, "invalid_request"),
    ],
)
def test_customer_who_cannot_be_is_refused(shop: Shop, field: str, value: str, code: str) -> None:
    answer = shop.call("POST", "/customers", {field: value})
    assert (answer.status_code, problem_of(answer)) == (400, code)
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("name", ["Zoë 🦊", "محمد", "名前", "O'Brien-Šimić"])
def test_names_of_all_the_world_are_taken(shop: Shop, name: str) -> None:
    answer = shop.call("POST", "/customers", {"name": name, "email": "a.b@example.test"})
    assert answer.status_code == 201
    assert name not in answer.content.decode()


def test_card_of_a_provider_there_is_not_is_refused(shop: Shop) -> None:
    body = {"token": "tok_visa_approved", "connector": "nobody"}
    answer = shop.call("POST", "/cards", body)
    assert (answer.status_code, problem_of(answer)) == (400, "connector_unknown")
    assert CardReference.objects.count() == 1


@pytest.mark.parametrize("path", ["/nowhere", "/payments/x", "/payments//", "/payments/%00"])
def test_address_there_is_not_is_no_500(shop: Shop, path: str) -> None:
    assert shop.call("GET", path).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(shop: Shop, method: str) -> None:
    assert shop.call(method, "/payments").status_code in (400, 405)

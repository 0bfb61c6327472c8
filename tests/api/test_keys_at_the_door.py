"""Who may come in: keys, scopes, limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from audit import clock
from audit.actor import acting_as, operator
from audit.models import LogEntry, Outcome
from config.api.commands import revoke_api_key, rotate_api_key
from config.api.models import ApiKey
from config.api.policy import new_secret
from tests.api.conftest import Shop, make_secret_key, open_shop
from tests.payments.builders import new_key

pytestmark = pytest.mark.django_db


def problem_of(answer: Any) -> str:
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer["Request-Id"]
    return str(body["code"])


def refusals() -> list[str]:
    entries = LogEntry.objects.filter(event="api.key.refused", outcome=Outcome.DENIED)
    return [entry.additional_data["reason"] for entry in entries.order_by("timestamp", "pk")]


def test_call_without_a_key_is_refused_and_on_record() -> None:
    answer = Client().get("/api/v1/payments")
    assert answer.status_code == 401
    assert problem_of(answer) == "key_unknown"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert refusals() == ["unknown"]


@pytest.mark.parametrize(
    "text", ["", "ck_test_", "ck_test_" + "x" * 43, "ck_live_é" + "x" * 42, "x"]
)
def test_text_that_is_no_key_opens_nothing(shop: Shop, text: str) -> None:
    answer = shop.call("GET", "/payments", secret=text or " ")
    assert answer.status_code == 401


def test_revoked_key_is_closed_at_once(shop: Shop) -> None:
    assert shop.call("GET", "/payments").status_code == 200
    with acting_as(operator("test")):
        revoke_api_key(key_id=shop.key.pk)
        revoke_api_key(key_id=shop.key.pk)
    answer = shop.call("GET", "/payments")
    assert (answer.status_code, problem_of(answer)) == (401, "key_revoked")
    assert LogEntry.objects.filter(event="api.key.revoked").count() == 1


def test_expired_key_is_closed(shop: Shop) -> None:
    with acting_as(operator("test")):
        _key, secret = make_secret_key(shop.merchant, expires_at=clock.now() + timedelta(minutes=5))
    assert shop.call("GET", "/payments", secret=secret).status_code == 200
    with clock.at(clock.now() + timedelta(minutes=6)):
        answer = shop.call("GET", "/payments", secret=secret)
    assert (answer.status_code, problem_of(answer)) == (401, "key_expired")


def test_rotated_key_and_its_successor_both_work_during_the_overlap(shop: Shop) -> None:
    successor = new_secret(is_live=False)
    with acting_as(operator("test")):
        made = rotate_api_key(
            key_id=shop.key.pk,
            secret_hint=successor.hint,
            secret_digest=successor.digest,
            overlap_hours=24,
            key=new_key(),
        )
    assert made.scopes == shop.key.scopes
    for secret in (shop.secret, successor.text):
        assert shop.call("GET", "/payments", secret=secret).status_code == 200
    with clock.at(clock.now() + timedelta(hours=25)):
        assert shop.call("GET", "/payments").status_code == 401
        assert shop.call("GET", "/payments", secret=successor.text).status_code == 200


def test_secret_is_kept_nowhere(shop: Shop) -> None:
    row = ApiKey.objects.values().get(pk=shop.key.pk)
    assert shop.secret not in str(row)
    entry = LogEntry.objects.get(event="api.key.created", object_pk=str(shop.key.pk))
    assert shop.secret[8:20] not in str(vars(entry))
    assert row["digest"] not in str(vars(entry))


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        ("payments:read", "POST", "/payments", {"amount": 1, "currency": "EUR", "card": "{card}"}),
        ("payments:write", "GET", "/payments", None),
        ("payments:write", "POST", "/refunds", {"payment": "{card}"}),
        ("refunds:write", "GET", "/customers", None),
        ("customers:read", "POST", "/customers", {}),
        ("customers:read", "POST", "/cards", {"token": "tok_visa_approved"}),
    ],
)
def test_key_without_the_scope_is_forbidden(
    shop: Shop, scope: str, method: str, path: str, body: Any
) -> None:
    with acting_as(operator("test")):
        _key, secret = make_secret_key(shop.merchant, scope)
    sent = {
        name: str(shop.card.pk) if value == "{card}" else value
        for name, value in (body or {}).items()
    }
    answer = shop.call(method, path, sent, secret=secret)
    assert (answer.status_code, problem_of(answer)) == (403, "scope_missing")
    denied = LogEntry.objects.filter(outcome=Outcome.DENIED, actor_kind="api_key")
    assert denied.count() == 1


def test_other_merchants_things_are_not_there(shop: Shop) -> None:
    other = open_shop(name="Other")
    payment = other.pay().json()
    for path in (
        f"/payments/{payment['id']}",
        f"/customers/{other.customer.pk}",
        f"/cards/{other.card.pk}",
    ):
        assert shop.call("GET", path).status_code == 404
    for act in ("capture", "void", "confirm"):
        body = {"card": str(other.card.pk)} if act == "confirm" else {}
        assert shop.call("POST", f"/payments/{payment['id']}/{act}", body).status_code == 404
    assert shop.call("POST", "/refunds", {"payment": payment["id"]}).status_code == 404
    assert shop.pay(card=str(other.card.pk)).status_code == 404
    assert shop.pay(customer=str(other.customer.pk)).status_code == 404
    assert shop.call("GET", "/payments").json()["data"] == []


def test_too_many_calls_are_slowed_down(shop: Shop, settings: Settings) -> None:
    settings.API_RATE_PER_S, settings.API_BURST = 0.5, 3
    shop.client = Client()
    answers = [shop.call("GET", "/payments") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert int(answers[-1]["Retry-After"]) >= 1


def test_flood_of_strangers_does_not_fill_the_record() -> None:
    client = Client()
    answers = [client.get("/api/v1/payments").status_code for _ in range(70)]
    assert answers[0] == 401
    assert answers[-1] == 429
    assert len(refusals()) <= 63


def test_body_above_64_kib_is_refused(shop: Shop) -> None:
    answer = shop.call("POST", "/customers", {"name": "x" * 70_000})
    assert (answer.status_code, problem_of(answer)) == (413, "too_large")


def test_use_of_a_key_is_noted_now_and_then(shop: Shop) -> None:
    shop.call("GET", "/payments")
    first = ApiKey.objects.get(pk=shop.key.pk).last_used_at
    shop.call("GET", "/payments")
    assert ApiKey.objects.get(pk=shop.key.pk).last_used_at == first
    with clock.at(clock.now() + timedelta(minutes=11)):
        shop.call("GET", "/payments")
    later = ApiKey.objects.get(pk=shop.key.pk).last_used_at
    assert first is not None
    assert later is not None
    assert later > first

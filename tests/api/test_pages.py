"""The pages where keys are made."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.test import Client

from config.api.models import ApiKey
from tests.api.conftest import Shop
from tests.audit.people import browser_of, hire

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def admin() -> Client:
    return browser_of(hire("Adelheid Romero", "access_administrator"))


@pytest.fixture
def controller() -> Client:
    return browser_of(hire("Corin Castellane", "finance_controller"))


def form_of(shop: Shop, **changed: Any) -> dict[str, Any]:
    return {
        "key": str(uuid.uuid4()),
        "merchant": str(shop.merchant.pk),
        "name": "Web shop",
        "mode": "test",
        "scopes": ["payments:read"],
        "days": "0",
        **changed,
    }


def secret_in(answer: Any) -> str:
    found = re.search(r'id="secret"[^>]*value="([^"]+)"', answer.content.decode())
    assert found is not None
    return unescape(found.group(1))


def test_key_made_on_the_page_works_and_its_secret_is_shown_once(shop: Shop, admin: Client) -> None:
    form = form_of(shop)
    answer = admin.post("/api-keys/new/", form)
    assert "no-store" in answer["Cache-Control"]
    secret = secret_in(answer)
    assert shop.call("GET", "/payments", secret=secret).status_code == 200
    again = admin.post("/api-keys/new/", form)
    assert 'id="secret"' not in again.content.decode()
    assert ApiKey.objects.filter(name="Web shop").count() == 1
    listed = admin.get("/api-keys/").content.decode()
    assert "Web shop" in listed
    assert secret not in listed


def test_key_that_moves_money_is_made_by_who_may_move_it(
    shop: Shop, admin: Client, controller: Client
) -> None:
    form = form_of(shop, scopes=["refunds:write"])
    before = ApiKey.objects.count()
    refused = admin.post("/api-keys/new/", form)
    assert refused.status_code == 403
    assert "move it himself" in refused.content.decode()
    rotation = f"/api-keys/{shop.key.pk}/rotation/new/"
    assert admin.post(rotation, {"key": NOBODY, "overlap": "0"}).status_code == 403
    assert ApiKey.objects.count() == before
    assert secret_in(controller.post("/api-keys/new/", form))


def test_rotation_shows_the_successors_secret(shop: Shop, controller: Client) -> None:
    url = f"/api-keys/{shop.key.pk}/rotation/new/"
    answer = controller.post(url, {"key": str(uuid.uuid4()), "overlap": "0"})
    assert shop.call("GET", "/payments", secret=secret_in(answer)).status_code == 200
    assert shop.call("GET", "/payments").status_code == 401
    refused = controller.post(url, {"key": str(uuid.uuid4()), "overlap": "24"})
    assert refused.status_code == 409


def test_revoked_key_is_said_to_be_closed(shop: Shop, admin: Client) -> None:
    url = f"/api-keys/{shop.key.pk}/revocation/new/"
    assert admin.post(url, {"key": str(uuid.uuid4())}).status_code == 302
    assert shop.call("GET", "/payments").status_code == 401
    assert "revoked" in admin.get("/api-keys/").content.decode()


@pytest.mark.parametrize(
    "changed",
    [
        {"merchant": ""},
        {"merchant": NOBODY},
        {"merchant": "x"},
        {"name": ""},
        {"name": "x" * 81},
        {"name": "a\0b"},
        {"name": "4242 4242 4242 4242"},
        {"mode": "live"},
        {"mode": "other"},
        {"scopes": []},
        {"scopes": ["payments:everything"]},
        {"days": "-1"},
        {"days": "x"},
        {"key": "x"},
        {"key": ""},
    ],
    ids=str,
)
def test_key_that_cannot_be_is_refused_with_the_form(
    shop: Shop, admin: Client, changed: dict[str, Any]
) -> None:
    before = ApiKey.objects.count()
    answer = admin.post("/api-keys/new/", form_of(shop, **changed))
    assert answer.status_code == 400
    assert b"invalid-feedback" in answer.content or b"alert-danger" in answer.content
    assert ApiKey.objects.count() == before

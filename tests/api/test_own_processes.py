"""A web process for systems alone (`SERVES=api`): the API as ever, and nothing of the desk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from audit.models import LogEntry
from deploy.install import ROOT
from tests.api.conftest import Shop, open_shop
from tests.api.test_keys_at_the_door import problem_of
from tests.api.test_once import ONCE

pytestmark = pytest.mark.django_db

READ = """
import json
from config.settings import test
names = ("SERVES", "ROOT_URLCONF", "MIDDLEWARE")
print(json.dumps({name: getattr(test, name) for name in names}))
"""


@lru_cache(maxsize=1)
def own() -> dict[str, Any]:
    """The settings of such a process, as the environment makes them."""
    told = subprocess.run(
        [sys.executable, "-c", READ],
        cwd=ROOT,
        env={**os.environ, "SERVES": "api", "ENV_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("what", sorted(ONCE))
def test_call_is_answered_as_by_a_process_for_all(what: str) -> None:
    with override_settings(**own()):
        shop = open_shop()
        path, body = ONCE[what](shop)
        answer = shop.call("POST", path, body, idempotency_key="k")
        assert answer.status_code in (201, 202)
        assert shop.call("POST", path, body, idempotency_key="k").content == answer.content
    again = shop.call("POST", path, body, idempotency_key="k")
    assert again.content == answer.content
    assert {**again.headers, "Request-Id": ""} == {
        **answer.headers,
        "Request-Id": "",
        "Vary": again.headers["Vary"],
        "Idempotent-Replayed": "true",
    }


@pytest.mark.parametrize("path", ["/", "/payments/", "/admin/", "/accounts/login/", "/api-keys/"])
def test_desk_is_not_there(client: Client, path: str) -> None:
    with override_settings(**own()):
        for answer in (client.get(path), client.post(path)):
            assert (answer.status_code, problem_of(answer)) == (404, "not_found")


def test_without_a_key_nothing_is_told_and_it_is_on_record(shop: Shop) -> None:
    with override_settings(**own()):
        answer = shop.call("GET", "/payments", secret="ck_test_none")
    assert (answer.status_code, problem_of(answer)) == (401, "key_unknown")
    entry = LogEntry.objects.get(event="api.key.refused")
    assert (entry.outcome, entry.actor_kind) == ("denied", "visitor")


def test_what_was_read_is_on_record_by_the_key(shop: Shop) -> None:
    payment = shop.pay().json()["id"]
    with override_settings(**own()):
        assert shop.call("GET", f"/payments/{payment}").status_code == 200
    entry = LogEntry.objects.filter(action=LogEntry.Action.ACCESS).latest("timestamp")
    assert entry.actor_kind == "api_key"


def test_documents_and_probes_are_there(client: Client) -> None:
    with override_settings(**own()):
        for path in ("/api/v1/openapi.json", "/api/v1/docs", "/livez"):
            assert client.get(path).status_code == 200, path


def test_forged_message_of_a_provider_is_refused(client: Client) -> None:
    with override_settings(**own()):
        answer = client.post("/webhooks/sandbox/", b"{}", content_type="application/json")
    assert answer.status_code in (400, 401, 403)


def test_process_for_all_has_all() -> None:
    assert settings.SERVES == "all"
    assert len(settings.MIDDLEWARE) > len(own()["MIDDLEWARE"])

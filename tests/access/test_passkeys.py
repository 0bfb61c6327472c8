"""What comes instead of a passkey: refused in words, never a 500. The real ones are in a browser."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.access.models import User
from tests.access.conftest import PASSWORD, Hire, SignIn, entries

LOGIN = "/accounts/2fa/webauthn/login/"
ADD = "/accounts/2fa/webauthn/add/"
OURS = "http://testserver"


def packed(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def credential(origin: str = OURS, **response: Any) -> dict[str, Any]:
    client = {"type": "webauthn.get", "challenge": "eA", "origin": origin}
    told = {
        "clientDataJSON": packed(client),
        "authenticatorData": packed(b"x" * 37),
        "attestationObject": packed(b"x" * 37),
        "signature": packed(b"x"),
        "userHandle": packed(b"x"),
        **response,
    }
    return {"id": "eA", "rawId": "eA", "type": "public-key", "response": told}


WRONG: dict[str, Any] = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "an empty object": "{}",
    "no response": json.dumps({"id": "eA", "rawId": "eA"}),
    "another origin": json.dumps(credential("https://comptoir.evil.test")),
    "client data that is none": json.dumps(credential(clientDataJSON="!!")),
    "client data of another shape": json.dumps(credential(clientDataJSON=packed([1]))),
    "nobody": json.dumps(credential(userHandle=packed(b"00000000-0000-0000-0000-000000000000"))),
    "a handle that is no text": json.dumps(credential(userHandle=packed(b"\xff\xfe"))),
    "no handle": json.dumps(credential(userHandle=None)),
    "a short authenticator": json.dumps(credential(authenticatorData="eA", attestationObject="eA")),
    "far too much": json.dumps(credential(signature="x" * 30_000)),
    "a NUL": json.dumps(credential(userHandle=packed(b"\x00"))),
}


@pytest.fixture
def ada(hire: Hire) -> User:
    return hire("ada", "support_agent")


def is_out(browser: Client) -> bool:
    return browser.get("/t/somebody/").status_code == 302


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_passkey_signs_nobody_in(db: None, what: str) -> None:
    browser = Client()
    browser.get(LOGIN, headers={"accept": "application/json", "x-requested-with": "XMLHttpRequest"})
    answer = browser.post(LOGIN, {"credential": WRONG[what]})
    assert answer.status_code == 302
    assert is_out(browser)


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_passkey_is_not_added(ada: User, sign_in: SignIn, what: str) -> None:
    browser = sign_in(ada)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": ADD})
    browser.get(ADD)
    answer = browser.post(ADD, {"name": "Laptop", "credential": WRONG[what]})
    assert answer.status_code == 200
    assert not Authenticator.objects.exists()
    assert entries("access.factor_added") == []


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "rawId", "type", "response", "clientDataJSON", "userHandle"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_nothing_a_stranger_sends_is_a_fault_of_ours(db: None, sent: Any) -> None:
    cache.clear()
    browser = Client()
    browser.get(LOGIN, headers={"accept": "application/json", "x-requested-with": "XMLHttpRequest"})
    assert browser.post(LOGIN, {"credential": json.dumps(sent)}).status_code == 302
    assert is_out(browser)


def test_name_of_a_passkey_is_short_and_holds_no_card_number(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": ADD})
    browser.get(ADD)
    for name in ("x" * 61, "4111" + " 1111" * 3, "\x00"):
        answer = browser.post(ADD, {"name": name, "credential": json.dumps(credential())})
        assert answer.status_code == 200
        assert "name" in answer.context["form"].errors


def test_passkeys_ask_for_the_finger_or_the_pin(db: None) -> None:
    told = {"accept": "application/json", "x-requested-with": "XMLHttpRequest"}
    asked = Client().get(LOGIN, headers=told).json()["request_options"]["publicKey"]
    assert asked["userVerification"] == "required"


def test_domain_of_passkeys_is_the_one_that_is_set(
    ada: User, sign_in: SignIn, settings: Any
) -> None:
    settings.PASSKEY_DOMAIN = "pay.example"
    browser = sign_in(ada)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": ADD})
    made = browser.get(ADD).context["js_data"]["creation_options"]["publicKey"]
    assert made["rp"] == {"id": "pay.example", "name": "Comptoir"}
    assert made["authenticatorSelection"]["userVerification"] == "required"

"""A fresh proof for what weighs, and what was typed is not lost over it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from audit import clock
from tests.access.conftest import PASSWORD, Hire, SignIn, entries, everything_on_record, only

SEALED = "/t/sealed/"
TYPED = {"words": "The parcel never came, see the photograph", "urgent": "on", "key": "old"}
CARD_NUMBER = "4111" + " 1111" * 3


def at(**later: float) -> Any:
    return clock.at(datetime.now(UTC) + timedelta(**later))


def prove(browser: Client, back: str) -> Any:
    cache.clear()
    return browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": back})


@pytest.fixture
def browser(hire: Hire, sign_in: SignIn) -> Client:
    return sign_in(hire("ada", "access_administrator"))


def test_who_has_just_signed_in_is_not_asked(browser: Client) -> None:
    assert browser.post(SEALED, TYPED).content == b"sent"


def test_form_may_be_looked_at_without_a_proof(browser: Client) -> None:
    with at(minutes=11):
        assert browser.get(SEALED).status_code == 200


def test_page_that_asks_at_once_leads_to_the_proof_and_back(browser: Client) -> None:
    assert browser.get("/t/vault/?tab=2").status_code == 200
    with at(minutes=11):
        asked = browser.get("/t/vault/?tab=2")
        assert asked["Location"] == "/accounts/reauthenticate/?next=%2Ft%2Fvault%2F%3Ftab%3D2"
        back = prove(browser, "/t/vault/?tab=2")
        assert back["Location"] == "/t/vault/?tab=2"
        assert browser.get("/t/vault/?tab=2").status_code == 200


def test_missing_permission_is_told_before_a_proof_is_asked_for(
    hire: Hire, sign_in: SignIn
) -> None:
    agent = sign_in(hire("olle", "support_agent"))
    with at(minutes=11):
        assert agent.get("/t/vault/").status_code == 403


def test_old_proof_keeps_the_work_and_gives_it_back_once(browser: Client) -> None:
    with at(minutes=11):
        asked = browser.post(SEALED, TYPED)
        assert asked["Location"] == "/accounts/reauthenticate/?next=%2Ft%2Fsealed%2F"
        assert prove(browser, SEALED)["Location"] == SEALED
        page = browser.get(SEALED).content.decode()
        assert TYPED["words"] in page
        assert "checked" in page
        assert "Nothing was sent yet." in page
        assert 'value="new"' in page
        assert "old" not in page
        again = browser.get(SEALED).content.decode()
        assert TYPED["words"] not in again
        assert browser.post(SEALED, TYPED).content == b"sent"
    assert only("access.reauthenticated").additional_data == {"method": "password"}
    kept = only("access.work_kept").additional_data
    assert kept == {"why": "step_up", "fields": ["key", "urgent", "words"]}
    assert len(entries("access.work_given_back")) == 1
    assert TYPED["words"] not in everything_on_record()


def test_kept_work_rests_sealed(browser: Client) -> None:
    with at(minutes=11):
        browser.post(SEALED, TYPED)
    assert all(TYPED["words"] not in one.session_data for one in Session.objects.all())


def test_way_back_is_the_page_of_the_form(browser: Client) -> None:
    with at(minutes=11):
        asked = browser.post(
            SEALED, TYPED, headers={"referer": "http://testserver/t/letter/?tab=3"}
        )
        assert asked["Location"] == "/accounts/reauthenticate/?next=%2Ft%2Fletter%2F%3Ftab%3D3"
        prove(browser, "/t/letter/")
        assert TYPED["words"] in browser.get("/t/letter/?tab=3").content.decode()


@pytest.mark.parametrize("lure", ["https://evil.test/t/letter/", "//evil.test/", "javascript:1"])
def test_way_back_never_leads_to_another_house(browser: Client, lure: str) -> None:
    with at(minutes=11):
        asked = browser.post(SEALED, TYPED, headers={"referer": lure})
    assert asked["Location"] == "/accounts/reauthenticate/?next=%2Ft%2Fsealed%2F"


def test_redirect_on_the_way_back_takes_the_work_along(browser: Client) -> None:
    with at(minutes=11):
        browser.post("/t/elsewhere/", TYPED)
        prove(browser, "/t/elsewhere/")
        assert browser.get("/t/elsewhere/")["Location"] == SEALED
        assert TYPED["words"] in browser.get(SEALED).content.decode()


def test_part_of_a_page_sends_the_whole_page_to_the_proof(browser: Client) -> None:
    told = {"hx-request": "true", "hx-current-url": "http://testserver/t/letter/"}
    with at(minutes=11):
        asked = browser.post(SEALED, TYPED, headers=told)
    assert asked.status_code == 401
    assert asked["HX-Redirect"] == "/accounts/reauthenticate/?next=%2Ft%2Fletter%2F"


def test_proof_that_fails_opens_nothing_and_is_on_record(browser: Client) -> None:
    with at(minutes=11):
        browser.post(SEALED, TYPED)
        answer = browser.post("/accounts/reauthenticate/", {"password": "no", "next": SEALED})
        assert answer.status_code == 200
        assert browser.post(SEALED, TYPED).status_code == 302
    assert [one.outcome for one in entries("access.sign_in_failed")] == ["failed"]


def test_work_is_kept_for_minutes_only(browser: Client) -> None:
    with at(minutes=11):
        browser.post(SEALED, TYPED)
    with at(minutes=25):
        prove(browser, SEALED)
    with at(minutes=27):
        assert TYPED["words"] not in browser.get(SEALED).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("words", f"her card is {CARD_NUMBER}"),
        ("words", "x" * 50_001),
        ("password", "quiet harbour"),
        ("code", "123456"),
    ],
    ids=["card number", "too much", "password", "code"],
)
def test_what_must_not_be_kept_is_not_kept(browser: Client, field: str, value: str) -> None:
    with at(minutes=11):
        browser.post(SEALED, {field: value})
    assert [one.additional_data["fields"] for one in entries("access.work_kept")] in ([], [[]])
    assert value not in str(browser.session.get("kept_work"))

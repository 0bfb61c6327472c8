"""A session ends while somebody types: his work waits for him, and for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from audit import clock
from config.access.models import User
from tests.access.conftest import PASSWORD, Hire, SignIn, entries, everything_on_record, only


def at(**later: float) -> Any:
    return clock.at(datetime.now(UTC) + timedelta(**later))


TYPED = {"words": "The parcel never came, see the photograph", "key": "old"}
LETTER = "/t/letter/"


def sign_in_again(browser: Client, person: User, back: str = LETTER) -> Any:
    return browser.post(
        "/accounts/login/", {"login": person.email, "password": PASSWORD, "next": back}
    )


def test_work_that_meets_an_ended_session_is_given_back_after_sign_in(
    hire: Hire, sign_in: SignIn
) -> None:
    ada = hire("ada")
    browser = sign_in(ada)
    with at(minutes=20):
        asked = browser.post(LETTER, TYPED)
        assert asked["Location"] == "/accounts/login/?next=%2Ft%2Fletter%2F"
        door = browser.get(asked["Location"]).content.decode()
        assert "What you typed is kept" in door
        assert TYPED["words"] not in door
        assert sign_in_again(browser, ada)["Location"] == LETTER
        page = browser.get(LETTER).content.decode()
        assert TYPED["words"] in page
        assert 'value="new"' in page
        assert TYPED["words"] not in browser.get(LETTER).content.decode()
    kept = only("access.work_kept")
    assert kept.additional_data == {"why": "session_over", "fields": ["key", "words"]}
    assert (kept.actor_kind, kept.object_pk) == ("visitor", str(ada.pk))
    assert TYPED["words"] not in everything_on_record()


def test_work_is_kept_when_the_session_is_gone_altogether(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada")
    browser = sign_in(ada)
    Session.objects.all().delete()
    browser.post(LETTER, TYPED)
    sign_in_again(browser, ada)
    assert TYPED["words"] in browser.get(LETTER).content.decode()


def test_work_is_never_given_to_another_person(hire: Hire, sign_in: SignIn) -> None:
    ada, eve = hire("ada"), hire("eve")
    browser = sign_in(ada)
    with at(minutes=20):
        browser.post(LETTER, TYPED)
        sign_in_again(browser, eve)
        assert "kept_work" not in browser.session
        assert TYPED["words"] not in browser.get(LETTER).content.decode()
        browser.post("/accounts/logout/")
        sign_in_again(browser, ada)
        assert TYPED["words"] not in browser.get(LETTER).content.decode()


def test_work_lies_sealed_and_for_minutes_only(hire: Hire, sign_in: SignIn) -> None:
    ada = hire("ada")
    browser = sign_in(ada)
    with at(minutes=20):
        browser.post(LETTER, TYPED)
        [row] = Session.objects.all()
        assert TYPED["words"] not in row.session_data
        assert row.expire_date - datetime.now(UTC) <= timedelta(minutes=15)
    with at(minutes=40):
        sign_in_again(browser, ada)
        assert TYPED["words"] not in browser.get(LETTER).content.decode()


def test_session_that_began_with_kept_work_lasts_as_long_as_any(
    hire: Hire, sign_in: SignIn
) -> None:
    ada = hire("ada")
    browser = sign_in(ada)
    with at(minutes=20):
        browser.post(LETTER, TYPED)
        sign_in_again(browser, ada)
    assert browser.session.get_expiry_age() == 12 * 60 * 60


@pytest.mark.parametrize("cookie", ["", "forged", "0" * 500])
def test_forged_cookie_keeps_nothing(hire: Hire, sign_in: SignIn, cookie: str) -> None:
    browser = Client()
    browser.cookies["lastperson"] = cookie
    assert browser.post(LETTER, TYPED).status_code == 302
    assert entries("access.work_kept") == []


def test_nothing_is_kept_for_who_signed_out(hire: Hire, sign_in: SignIn) -> None:
    browser = sign_in(hire("ada"))
    browser.post("/accounts/logout/")
    browser.post(LETTER, TYPED)
    assert entries("access.work_kept") == []


def test_work_of_the_administration_is_kept_too(hire: Hire, sign_in: SignIn) -> None:
    keeper = hire("ada", "access_administrator")
    browser = sign_in(keeper)
    page = "/admin/auth/group/add/"
    with at(minutes=20):
        asked = browser.post(page, {"name": "night shift", "_save": "Save"})
        assert asked["Location"] == f"/accounts/login/?next={quote(page, safe='')}"
        sign_in_again(browser, keeper, page)
        assert 'value="night shift"' in browser.get(page).content.decode()

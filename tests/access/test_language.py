"""Each person is spoken to in the language he chose, wherever he signs in."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from audit.actor import acting_as, operator
from config.access.commands import choose_language
from config.access.models import User
from tests.access.conftest import Hire, SignIn, entries, only
from tests.working import deliver

SESSIONS = "/accounts/sessions/"


def language_of(browser: Client) -> str:
    return str(browser.get(SESSIONS)["Content-Language"])


@pytest.fixture
def ada(hire: Hire) -> User:
    return hire("ada", "access_administrator")


def test_choice_lasts_and_goes_along_to_another_browser(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    answer = browser.post("/i18n/setlang/", {"language": "fr", "next": SESSIONS})
    assert answer["Location"] == SESSIONS
    assert User.objects.get(pk=ada.pk).language == "fr"
    elsewhere = sign_in(ada)
    assert language_of(elsewhere) == "fr"
    assert "Appareils" in elsewhere.get(SESSIONS).content.decode()
    entry = only("access.language.chosen")
    assert (entry.actor_id, entry.object_pk) == (ada.pk, str(ada.pk))
    assert entry.changes == {"language": ["", "fr"]}


def test_own_language_wins_over_the_browser_and_its_cookie(ada: User, sign_in: SignIn) -> None:
    with acting_as(operator("test")):
        choose_language(user_id=ada.pk, language="fr")
    browser = sign_in(ada)
    browser.cookies["django_language"] = "en"
    assert browser.get(SESSIONS, headers={"accept-language": "en"})["Content-Language"] == "fr"


def test_without_a_choice_the_browser_decides(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    assert browser.get(SESSIONS, headers={"accept-language": "fr"})["Content-Language"] == "fr"
    assert browser.get(SESSIONS, headers={"accept-language": "en"})["Content-Language"] == "en"


def test_visitor_chooses_for_his_browser_only(ada: User) -> None:
    browser = Client()
    browser.post("/i18n/setlang/", {"language": "fr"})
    assert browser.get("/accounts/login/")["Content-Language"] == "fr"
    assert entries("access.language.chosen") == []


@pytest.mark.parametrize("wrong", ["xx", "", "fr\x00", "f" * 500])
def test_language_that_is_not_spoken_is_not_kept(ada: User, sign_in: SignIn, wrong: str) -> None:
    browser = sign_in(ada)
    assert browser.post("/i18n/setlang/", {"language": wrong}).status_code == 302
    assert User.objects.get(pk=ada.pk).language == ""
    assert language_of(browser) == "en"


def test_choosing_the_same_again_leaves_no_second_change(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    for _ in range(2):
        browser.post("/i18n/setlang/", {"language": "fr"})
    assert [one.changes for one in entries("access.language.chosen") if one.changes] == [
        {"language": ["", "fr"]}
    ]


@pytest.mark.django_db(transaction=True)
def test_mail_speaks_the_language_of_its_reader(hire: Hire, sign_in: SignIn) -> None:
    keeper, reader = hire("ada", "access_administrator"), hire("rene", "auditor")
    with acting_as(operator("test")):
        choose_language(user_id=reader.pk, language="fr")
    sign_in(keeper).post(f"/admin/access/user/{reader.pk}/reset-mail/")
    deliver()
    [message] = mail.outbox
    assert "mot de passe" in str(message.body)

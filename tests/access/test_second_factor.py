"""The second factor: seeds that rest sealed, codes that work once."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from config.access.models import User
from tests.access.conftest import (
    PASSWORD,
    Hire,
    SignIn,
    entries,
    everything_on_record,
    only,
)
from tests.working import deliver

# What allauth does on commit never happens inside a test's own transaction.
pytestmark = pytest.mark.django_db(transaction=True)


def code_of(seed: str) -> str:
    """What the authenticator of a person shows now."""
    counters = list(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(seed, counters[len(counters) // 2])))


def prove(browser: Client) -> None:
    answer = browser.post(
        "/accounts/reauthenticate/", {"password": PASSWORD, "next": "/t/somebody/"}
    )
    assert answer.status_code == 302, answer.content.decode()


def enrol(browser: Client) -> str:
    prove(browser)
    page = browser.get("/accounts/2fa/totp/activate/")
    seed: str = page.context["form"].secret
    answer = browser.post("/accounts/2fa/totp/activate/", {"code": code_of(seed)})
    assert answer.status_code == 302, answer.content.decode()
    return seed


def enter(person: User, code: str) -> Client:
    """Sign in with password and code; a fresh browser, and codes not yet used."""
    cache.clear()
    browser = Client()
    form = {"login": person.email, "password": PASSWORD, "next": "/t/somebody/"}
    answer = browser.post("/accounts/login/", form)
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert browser.get("/t/somebody/").status_code == 302
    browser.post("/accounts/2fa/authenticate/", {"code": code})
    return browser


@pytest.fixture
def ada(transactional_db: None, hire: Hire) -> User:
    return hire("ada", "auditor")


def test_authenticator_is_added_and_asked_for_at_the_next_sign_in(
    ada: User, sign_in: SignIn
) -> None:
    seed = enrol(sign_in(ada))
    added = entries("access.factor_added")
    assert {one.additional_data["factor"] for one in added} == {"totp", "recovery_codes"}
    assert {(one.actor_kind, one.actor_id) for one in added} == {("user", ada.pk)}
    browser = enter(ada, code_of(seed))
    assert browser.get("/t/somebody/").status_code == 200
    assert only("access.factor_used").additional_data == {"factor": "totp"}


def test_seed_rests_sealed_and_is_nowhere_on_record(ada: User, sign_in: SignIn) -> None:
    seed = enrol(sign_in(ada))
    stored = Authenticator.objects.get(user=ada, type="totp").data["secret"]
    assert seed not in stored
    text = everything_on_record()
    assert seed not in text
    assert stored not in text


def test_same_code_opens_once(ada: User, sign_in: SignIn) -> None:
    seed = enrol(sign_in(ada))
    code = code_of(seed)
    enter(ada, code)
    browser = Client()
    browser.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    browser.post("/accounts/2fa/authenticate/", {"code": code})
    assert browser.get("/t/somebody/").status_code == 302
    assert only("access.factor_failed").outcome == "failed"


def test_recovery_codes_are_shown_once_and_open_once(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    enrol(browser)
    shown = browser.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"\b\d{8}\b", shown)
    assert len(codes) == 10
    again = browser.get("/accounts/2fa/recovery-codes/").content.decode()
    assert re.findall(r"\b\d{8}\b", again) == []
    assert enter(ada, codes[0]).get("/t/somebody/").status_code == 200
    assert only("access.factor_used").additional_data == {"factor": "recovery_codes"}
    assert enter(ada, codes[0]).get("/t/somebody/").status_code == 302
    assert codes[0] not in everything_on_record()


def test_factor_is_changed_only_after_a_fresh_proof(ada: User, sign_in: SignIn) -> None:
    answer = sign_in(ada).post("/accounts/2fa/totp/activate/", {"code": "123456"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not Authenticator.objects.exists()


def test_removing_a_factor_is_on_record_and_told_by_mail(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    enrol(browser)
    assert browser.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert {one.additional_data["factor"] for one in entries("access.factor_removed")} == {
        "totp",
        "recovery_codes",
    }
    assert not Authenticator.objects.exists()
    deliver()
    assert len(mail.outbox) == 2


def test_bypass_code_stops_the_start(settings: pytest.FixtureRequest) -> None:
    settings.MFA_TOTP_INSECURE_BYPASS_CODE = "123456"  # type: ignore[attr-defined]
    with pytest.raises(SystemCheckError, match=r"access\.E001"):
        call_command("check")


def test_removing_a_factor_signs_the_other_devices_out(ada: User, sign_in: SignIn) -> None:
    seed = enrol(sign_in(ada))
    here = enter(ada, code_of(seed))
    cache.clear()
    elsewhere = Client()
    elsewhere.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    elsewhere.post("/accounts/2fa/authenticate/", {"code": code_of(seed)})
    assert elsewhere.get("/t/somebody/").status_code == 200
    cache.clear()
    prove(here)
    here.post("/accounts/2fa/totp/deactivate/")
    assert here.get("/t/somebody/").status_code == 200
    assert elsewhere.get("/t/somebody/").status_code == 302

"""A role that asks for a second factor: nothing opens without it, whichever way one comes."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from audit.actor import acting_as, operator
from audit.command import command
from audit.work import Work
from config.access import policy
from config.access.models import RoleSetting, User
from config.access.roles import GRANTING, MONEY, ROLES, TABLE
from config.access.steps import set_needs_factor
from tests.access.conftest import PASSWORD, Hire, SignIn, entries, only
from tests.access.test_second_factor import code_of, enrol, enter, prove

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/session/second-factor/"


@command("test.role.set")
def ask_of(work: Work, *, role: str, needs_factor: bool = True) -> None:
    set_needs_factor(work, Group.objects.get(name=role), needs_factor)


@pytest.fixture
def ada(hire: Hire) -> User:
    return hire("ada", "access_administrator")


@pytest.fixture
def asked() -> None:
    with acting_as(operator("test")):
        ask_of(role="access_administrator")


def is_led_away(answer: Any) -> bool:
    return bool(answer.status_code == 302 and answer["Location"].startswith(PAGE))


def test_without_a_word_the_demo_asks_nobody_and_production_asks_who_weighs() -> None:
    for role in TABLE:
        assert not policy.role_needs_factor(role.permissions, None, by_default=False)
        weighs = bool(role.permissions & (MONEY | GRANTING))
        assert policy.role_needs_factor(role.permissions, None, by_default=True) is weighs
        for said in (True, False):
            assert policy.role_needs_factor(role.permissions, said, by_default=True) is said


@pytest.mark.parametrize("role", ["support_agent", "finance_controller", "access_administrator"])
def test_default_of_production_leads_who_handles_money_or_access(
    hire: Hire, sign_in: SignIn, settings: Settings, role: str
) -> None:
    settings.MONEY_REQUIRES_MFA = True
    browser = sign_in(hire("ada", role))
    assert is_led_away(browser.get("/t/somebody/"))
    assert sign_in(hire("olle", "auditor")).get("/t/somebody/").status_code == 200
    assert is_led_away(sign_in(hire("root", superuser=True)).get("/t/somebody/"))


EVERYWHERE = [
    "/t/somebody/",
    "/t/administrators/",
    "/admin/",
    "/admin/access/user/",
    "/admin/login/",
    "/log/",
    "/approvals/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/sessions/",
    "/accounts/2fa/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/webauthn/",
]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("address", EVERYWHERE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_page_leads_to_the_factor(
    ada: User, sign_in: SignIn, address: str, method: str
) -> None:
    browser = sign_in(ada)
    assert is_led_away(getattr(browser, method)(address))


@pytest.mark.usefixtures("asked")
def test_way_to_a_factor_language_and_sign_out_stay_open(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    assert "Your role asks" in browser.get(PAGE).content.decode()
    assert browser.get("/accounts/reauthenticate/").status_code == 200
    assert not is_led_away(browser.get("/accounts/2fa/totp/activate/"))
    assert not is_led_away(browser.get("/accounts/2fa/webauthn/add/"))
    assert not is_led_away(browser.post("/i18n/setlang/", {"language": "fr"}))
    assert not is_led_away(browser.post("/accounts/logout/"))


@pytest.mark.usefixtures("asked")
def test_setting_one_up_opens_the_house_and_leads_back(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    led = browser.get("/t/somebody/?tab=2")
    browser.get(led["Location"])
    enrol(browser)
    assert browser.get(PAGE)["Location"] == "/t/somebody/?tab=2"
    assert browser.get("/t/somebody/").status_code == 200
    assert browser.get("/admin/").status_code == 200


@pytest.mark.usefixtures("asked")
def test_sign_in_with_code_passes(ada: User, sign_in: SignIn) -> None:
    seed = enrol(sign_in(ada))
    assert enter(ada, code_of(seed)).get("/t/somebody/").status_code == 200


def test_session_from_before_is_led_away_at_its_next_request(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    assert browser.get("/t/somebody/").status_code == 200
    with acting_as(operator("test")):
        ask_of(role="access_administrator")
    assert is_led_away(browser.get("/t/somebody/"))


@pytest.mark.usefixtures("asked")
def test_removed_factor_leads_away_at_once(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    enrol(browser)
    cache.clear()
    prove(browser)
    browser.post("/accounts/2fa/totp/deactivate/")
    assert is_led_away(browser.get("/t/somebody/"))


@pytest.mark.usefixtures("asked")
def test_session_without_the_factor_cannot_add_another_to_the_account(
    ada: User, sign_in: SignIn
) -> None:
    """Somebody with the password alone must not enrol a device of his own beside mine."""
    thief = sign_in(ada)
    with acting_as(operator("test")):
        Authenticator.objects.create(user=ada, type="totp", data={"secret": "sealed"})
    for address in ("/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"):
        assert is_led_away(thief.get(address))
    page = thief.get(PAGE).content.decode()
    assert "Use a code" in page
    assert "Set up an app" not in page


@pytest.mark.usefixtures("asked")
def test_first_factor_ends_the_sessions_from_before(ada: User, sign_in: SignIn) -> None:
    elsewhere, here = sign_in(ada), sign_in(ada)
    enrol(here)
    assert elsewhere.get(PAGE).status_code == 302
    assert elsewhere.get(PAGE)["Location"].startswith("/accounts/login/")


@pytest.mark.usefixtures("asked")
def test_factor_shown_by_one_person_counts_for_nobody_else(
    ada: User, hire: Hire, sign_in: SignIn
) -> None:
    browser = sign_in(ada)
    enrol(browser)
    browser.post("/accounts/logout/")
    cache.clear()
    eve = hire("eve", "access_administrator")
    browser.post("/accounts/login/", {"login": eve.email, "password": PASSWORD})
    assert is_led_away(browser.get("/t/somebody/"))


@pytest.mark.usefixtures("asked")
def test_part_of_a_page_and_what_is_no_page_are_refused(ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)
    assert browser.get("/t/somebody/", headers={"accept": "application/json"}).status_code == 401
    part = browser.get("/t/somebody/", headers={"hx-request": "true"})
    assert (part.status_code, part["HX-Redirect"]) == (401, PAGE)


@pytest.mark.usefixtures("asked")
def test_other_roles_are_left_alone(hire: Hire, sign_in: SignIn) -> None:
    assert sign_in(hire("olle", "support_agent")).get("/t/somebody/").status_code == 200


@pytest.mark.usefixtures("asked")
def test_one_role_of_several_is_enough(hire: Hire, sign_in: SignIn) -> None:
    both = hire("olle", "auditor", "access_administrator")
    assert is_led_away(sign_in(both).get("/t/somebody/"))


def test_administrator_sets_it_on_the_page_of_a_role_and_it_is_on_record(
    ada: User, hire: Hire, sign_in: SignIn
) -> None:
    browser, agent = sign_in(ada), sign_in(hire("olle", "support_agent"))
    role = Group.objects.get(name="support_agent")
    url = reverse("admin:auth_group_change", args=[role.pk])
    page = browser.get(url)
    form = page.context["adminform"].form
    sent = {
        "permissions": [str(one.pk) for one in role.permissions.all()],
        "needs_factor": "on",
        "version": form.current_version,
    }
    assert browser.post(url, sent).status_code == 302
    assert RoleSetting.objects.get(role=role).needs_factor is True
    assert is_led_away(agent.get("/t/somebody/"))
    assert only("access.rolesetting.created").actor_id == ada.pk
    del sent["needs_factor"]
    assert browser.post(url, sent).status_code == 302
    assert agent.get("/t/somebody/").status_code == 200
    assert only("access.rolesetting.changed").changes["needs_factor"] == ["True", "False"]
    assert browser.post(url, sent).status_code == 302
    assert len(entries("access.rolesetting.changed")) == 1


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("MFA_TRUST_ENABLED", True, "E002"),
        ("ACCOUNT_LOGIN_BY_CODE_ENABLED", True, "E004"),
    ],
)
def test_ways_around_stop_the_start(
    settings: Settings, name: str, value: object, code: str
) -> None:
    setattr(settings, name, value)
    with pytest.raises(SystemCheckError, match=code):
        call_command("check", tags=["security"])


def test_allauths_api_is_not_served() -> None:
    assert Client().get("/_allauth/browser/v1/auth/session").status_code == 404


def test_every_role_of_the_table_is_in_the_database() -> None:
    assert set(ROLES) <= set(Group.objects.values_list("name", flat=True))

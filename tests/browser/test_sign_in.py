"""Getting in, getting back in, and being put out."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.cache import cache
from playwright.sync_api import Page, expect

from audit.models import LogEntry
from tests.access.test_second_factor import code_of
from tests.browser.conftest import PASSWORD, Enter, Open, hire, sign_in, work

pytestmark = pytest.mark.browser

NEW = "seven copper kettles 9"
OUT = re.compile(r"/accounts/login/")


def is_in(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Home|Payments"))


def test_wrong_password_is_refused_in_words(open_browser: Open) -> None:
    agent = hire("support_agent")
    page = open_browser()
    sign_in(page, agent.email, "not the password")
    expect(page.locator("main")).to_contain_text("not correct")
    expect(page.get_by_label("Email")).to_have_value(agent.email)
    assert LogEntry.objects.filter(event="access.sign_in_failed").exists()


def test_forgotten_password_is_set_anew_by_mail(open_browser: Open) -> None:
    agent = hire("support_agent")
    page = open_browser()
    page.goto("/accounts/login/")
    page.get_by_role("link", name=re.compile("forg", re.IGNORECASE)).click()
    page.get_by_label("Email").fill(agent.email)
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_url("**/password/reset/done/")
    work()
    [message] = mail.outbox
    found = re.search(r"http\S+/password/reset/key/\S+", str(message.body))
    assert found is not None
    page.goto(found.group(0))
    page.locator("#id_password1").fill(NEW)
    page.locator("#id_password2").fill(NEW)
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_url("**/password/reset/key/done/")
    sign_in(page, agent.email, NEW)
    is_in(page)
    assert LogEntry.objects.get(event="access.password_reset").actor_kind == "visitor"


def test_second_factor_is_added_and_then_asked_for(enter: Enter, open_browser: Open) -> None:
    page = enter("support_agent")
    page.goto("/accounts/2fa/totp/activate/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_url("**/2fa/totp/activate/")
    seed = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Authenticator code").fill(code_of(seed))
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_url("**/2fa/**/recovery-codes/**")
    # As if half a minute had gone by: a code opens once.
    cache.clear()
    elsewhere = open_browser()
    sign_in(elsewhere, "support_agent@house.test")
    elsewhere.wait_for_url("**/2fa/authenticate/**")
    elsewhere.get_by_label("Code").fill(code_of(seed))
    elsewhere.get_by_role("main").get_by_role("button").first.click()
    is_in(elsewhere)


def test_session_ended_from_elsewhere_leads_to_the_sign_in(
    enter: Enter, open_browser: Open
) -> None:
    here, elsewhere = enter("support_agent"), open_browser()
    sign_in(elsewhere, "support_agent@house.test")
    is_in(elsewhere)
    here.goto("/accounts/sessions/")
    here.get_by_role("main").get_by_role("button", name=re.compile("other", re.IGNORECASE)).click()
    expect(here.get_by_role("main").get_by_role("row")).to_have_count(2)
    elsewhere.reload()
    expect(elsewhere).to_have_url(OUT)
    here.goto("/payments/")
    is_in(here)

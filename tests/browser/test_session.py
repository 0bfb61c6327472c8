"""A session that ends while somebody types: warned before, and nothing is lost after."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from config.access.sessions import SEEN, SessionStore
from payments.models import Payment, Refund
from tests.browser.conftest import PASSWORD, Enter, Pay, hire

pytestmark = pytest.mark.browser

WORDS = "The parcel came back unopened, see the slip of the carrier"


def end_the_sessions() -> None:
    """As if everybody had been away for an hour."""
    for row in Session.objects.all():
        store = SessionStore(row.session_key)
        if SEEN in store:
            store[SEEN] -= 3600
            store.save()


def type_a_refund(page: Page, payment: Payment) -> None:
    page.goto(f"/payments/{payment.pk}/refunds/new/")
    page.locator("#id_amount").fill("12.34")
    page.locator("#id_comment").fill(WORDS)
    page.locator("#id_reason").select_option(index=1)


def send(page: Page) -> None:
    page.locator("main form[method=post] button[type=submit]").first.click()


def sign_in_here(page: Page, email: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_work_is_back_in_the_form_after_sign_in_and_was_not_sent(enter: Enter, pay: Pay) -> None:
    payment = pay(10_000)
    page = enter("support_agent")
    type_a_refund(page, payment)
    end_the_sessions()
    send(page)
    expect(page.locator("main")).to_contain_text("Your session is over, and nothing was sent.")
    assert WORDS not in page.content()
    sign_in_here(page, "support_agent@house.test")
    page.wait_for_url(f"**/payments/{payment.pk}/refunds/new/")
    expect(page.locator("#id_comment")).to_have_value(WORDS)
    expect(page.locator("#id_amount")).to_have_value("12.34")
    expect(page.locator("#messages")).to_contain_text("Nothing was sent yet.")
    assert not Refund.objects.exists()
    send(page)
    page.wait_for_url(re.compile(rf"/payments/{payment.pk}/$"))
    assert Refund.objects.get().amount_minor == 1_234
    page.goto(f"/payments/{payment.pk}/refunds/new/")
    expect(page.locator("#id_comment")).to_have_value("")


def test_work_is_not_shown_to_who_signs_in_instead(enter: Enter, pay: Pay) -> None:
    payment = pay(10_000)
    page = enter("support_agent")
    other = hire("support_lead")
    type_a_refund(page, payment)
    end_the_sessions()
    send(page)
    sign_in_here(page, other.email)
    page.wait_for_url(f"**/payments/{payment.pk}/refunds/new/")
    expect(page.locator("#id_comment")).to_have_value("")
    assert WORDS not in page.content()


def test_end_is_told_beforehand_and_the_keyboard_stays(enter: Enter) -> None:
    page = enter("support_agent")
    page.clock.install()
    page.goto("/payments/")
    warning = page.get_by_role("alertdialog", name="Still there?")
    page.clock.fast_forward("12:00")
    expect(warning).to_be_hidden()
    page.clock.fast_forward("01:10")
    expect(warning).to_be_visible()
    expect(warning).to_contain_text("You will be signed out at")
    expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
    with page.expect_response("**/session/stay/") as told:
        page.keyboard.press("Enter")
    assert told.value.status == 200
    page.clock.fast_forward("00:02")
    expect(warning).to_be_hidden()
    page.clock.fast_forward("12:00")
    expect(warning).to_be_hidden()


def test_session_that_is_over_is_told_and_the_page_stays(enter: Enter, pay: Pay) -> None:
    payment = pay(10_000)
    page = enter("support_agent")
    page.clock.install()
    type_a_refund(page, payment)
    page.clock.fast_forward("16:00")
    warning = page.get_by_role("alertdialog")
    expect(warning).to_contain_text("What you typed is still here")
    page.get_by_role("button", name="Close").last.click()
    expect(page.locator("#id_comment")).to_have_value(WORDS)

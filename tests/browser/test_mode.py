"""Live data or test data in a browser: by keyboard, without script, and how it looks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from payments.models import Payment
from tests.browser.conftest import Enter, Pay
from tests.browser.gallery import look, look_at
from tests.payments.builders import eur, make_card, make_customer, make_live_account, new_payment

pytestmark = pytest.mark.browser


def pay_for_real(test: Payment) -> Payment:
    """A live payment of the same merchant, which no provider has answered yet."""
    make_live_account()
    customer = make_customer(test.merchant, is_live=True)
    card = make_card(test.merchant, customer, is_live=True)
    return new_payment(
        eur(77_00), merchant=test.merchant, customer=customer, card=card, is_live=True
    )


def expect_rows(page: Page, *payments: Payment) -> None:
    expect(page.locator("[data-row-link]")).to_have_text([one.reference for one in payments])


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_switch_shows_the_other_data_of_the_same_page(enter: Enter, pay: Pay, script: bool) -> None:
    test = pay(10_000)
    live = pay_for_real(test)
    page = enter("support_lead", java_script_enabled=script)
    page.goto("/payments/?currency=EUR")
    expect_rows(page, live)
    expect(page.get_by_text("Lists and figures show tests.")).to_have_count(0)
    page.get_by_role("button", name="Test data").focus()
    page.keyboard.press("Enter")
    expect_rows(page, test)
    expect(page.get_by_text("Lists and figures show tests.")).to_be_visible()
    expect(page.get_by_role("button", name="Test data")).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith("/payments/?currency=EUR")


def test_payment_of_the_other_mode_says_so_and_leads_over(enter: Enter, pay: Pay) -> None:
    live = pay_for_real(pay(10_000))
    page = enter("support_lead")
    page.goto("/")
    page.get_by_role("button", name="Test data").click()
    faults = look_at(page, {"home-of-tests": "/", "payments-of-tests": "/payments/"})
    page.goto(f"/payments/{live.pk}/")
    expect(page.get_by_text("Live payment")).to_be_visible()
    assert faults + look(page, "live-payment-among-tests") == []
    page.get_by_role("button", name="Go to live data").click()
    expect(page.get_by_text("Live payment")).to_have_count(0)
    assert page.url.endswith(f"/payments/{live.pk}/")

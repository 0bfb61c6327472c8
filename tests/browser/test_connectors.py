"""Accounts at providers: one is added, tried, let in, and payments are led to it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from payments.gateways.models import ConnectorAccount, Route
from payments.models import Payment
from tests.browser.conftest import Enter, Pay, work
from tests.browser.gallery import look
from tests.payments.builders import make_merchant

pytestmark = pytest.mark.browser


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_text(name, exact=True)).first


def add_account(page: Page, name: str) -> None:
    """From the menu, as somebody new would."""
    page.locator(".sidebar-links").first.get_by_role("link", name="Connectors").click()
    page.get_by_role("link", name="New account").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add the account").click()
    expect(page.locator("#messages")).to_contain_text("its credentials are being tried")


def test_account_is_tried_enabled_and_gets_its_payments_by_a_rule(enter: Enter, pay: Pay) -> None:
    make_merchant(name="Atelier Lumen")
    page = enter("finance_controller")
    page.goto("/")
    add_account(page, "Spare")
    faults = look(page, "connectors-being-tried")
    work()
    page.reload()
    row = row_of(page, "Spare")
    row.get_by_role("button", name="Enable").click()
    expect(row_of(page, "Spare")).to_contain_text("Enabled")
    account = ConnectorAccount.objects.get(name="Spare")
    assert account.state == ConnectorAccount.State.ENABLED

    page.get_by_role("link", name="Routing").click()
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_label("First").select_option(str(account.pk))
    page.get_by_role("button", name="Let it count").click()
    rule = page.get_by_role("row", name="Spare")
    expect(rule).to_contain_text("EUR")
    page.get_by_label("Merchant").select_option(index=1)
    page.get_by_label("Currency").select_option("EUR")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("status").last).to_contain_text("This payment would go to Spare.")
    faults += look(page, "routing-previewed")
    payment: Payment = pay(1_234)
    assert payment.attempts.get().account_id == account.pk

    page.get_by_role("row", name="Spare").get_by_role("button", name="End").click()
    expect(page.locator("main")).to_contain_text("No rules yet")
    assert not Route.objects.filter(is_active=True).exists()
    page.get_by_role("link", name="Connectors").last.click()
    row_of(page, "Spare").get_by_role("button", name="Disable").click()
    expect(row_of(page, "Spare")).to_contain_text("Disabled")
    assert faults == []


def test_key_that_cannot_be_is_said_at_its_field_and_not_shown_again(enter: Enter) -> None:
    page = enter("finance_controller")
    page.goto("/connectors/new/")
    page.get_by_label("Provider").select_option("stripe")
    page.get_by_label("Name").fill("Main")
    page.get_by_label("Secret key").fill("hunter2")
    page.get_by_role("button", name="Add the account").click()
    expect(page.locator(".invalid-feedback").first).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Main")
    expect(page.get_by_label("Secret key")).to_have_value("")
    assert look(page, "connector-refused") == []
    assert not ConnectorAccount.objects.filter(name="Main").exists()

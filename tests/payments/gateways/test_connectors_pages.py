"""The pages of connectors and routing, as people use them."""

from __future__ import annotations

import uuid

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.actor import acting_as, system
from payments.gateways.commands import open_breaker, record_trial
from payments.gateways.models import ConnectorAccount, Route
from tests.audit.people import browser_of, hire
from tests.payments.builders import make_merchant
from tests.payments.gateways.conftest import NEXT_SECRET, SECRET

pytestmark = pytest.mark.django_db

KEY, NEXT_KEY = "sk_test_keyofthetests", "sk_test_nextkeyofthetests"


@pytest.fixture
def browser() -> Client:
    cache.clear()
    return browser_of(hire("Carole Noury", "finance_controller"))


def page_of(browser: Client, url: str = "/connectors/", **given: str) -> str:
    answer = browser.get(url, given)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def add(browser: Client, **given: str) -> ConnectorAccount:
    body = {
        "key": str(uuid.uuid4()),
        "connector": "stripe",
        "name": "Main",
        "mode": "test",
        "merchant": "",
        "api_key": KEY,
        "webhook_secret": SECRET,
        **given,
    }
    answer = browser.post("/connectors/new/", body)
    assert answer.status_code == 302, answer.content.decode()
    return ConnectorAccount.objects.get(name=body["name"])


def take(account: ConnectorAccount) -> None:
    """As if the provider had taken the key."""
    account.refresh_from_db()
    with acting_as(system("test")):
        record_trial(
            account_id=account.pk,
            tried=account.next_api_key or account.api_key,
            outcome=ConnectorAccount.Trial.PASSED,
        )


def test_account_is_added_tried_enabled_and_disabled(browser: Client) -> None:
    account = add(browser)
    page = page_of(browser)
    assert "Its credentials are being tried." in page
    assert KEY not in page
    assert SECRET not in page
    browser.post(f"/connectors/{account.pk}/enabling/")
    account.refresh_from_db()
    assert account.state == "draft"
    take(account)
    assert "sk_test_…ests" in page_of(browser)
    for act, state in (("enabling", "enabled"), ("disabling", "disabled")):
        assert browser.post(f"/connectors/{account.pk}/{act}/").status_code == 302
        account.refresh_from_db()
        assert account.state == state
    browser.post(f"/connectors/{account.pk}/trials/")
    account.refresh_from_db()
    assert account.trial == "under_way"


def test_secret_that_cannot_be_is_said_at_its_field_and_not_shown_again(browser: Client) -> None:
    body = {
        "key": str(uuid.uuid4()),
        "connector": "stripe",
        "name": "Main",
        "mode": "live",
        "api_key": KEY,
    }
    answer = browser.post("/connectors/new/", body)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "This key is of the other mode." in page
    assert KEY not in page


def test_key_and_webhook_secret_are_replaced(browser: Client) -> None:
    account = add(browser)
    take(account)
    answer = browser.post(f"/connectors/{account.pk}/key/new/", {"api_key": NEXT_KEY})
    assert answer.status_code == 302
    assert "waits:" in page_of(browser)
    answer = browser.post(
        f"/connectors/{account.pk}/secret/new/",
        {"webhook_secret": NEXT_SECRET, "overlap": "24"},
    )
    assert answer.status_code == 302
    page = page_of(browser)
    assert "the secret before is taken until" in page
    assert not any(one in page for one in (KEY, NEXT_KEY, SECRET, NEXT_SECRET))
    bad = browser.post(f"/connectors/{account.pk}/key/new/", {"api_key": "hunter2"})
    assert bad.status_code == 400


def test_provider_in_peace_shows_on_the_page(browser: Client) -> None:
    house = ConnectorAccount.objects.get(connector="sandbox")
    assert "Answers" in page_of(browser)
    with acting_as(system("test")):
        open_breaker(account_id=house.pk)
    assert "Left in peace" in page_of(browser)


def test_what_each_provider_can_do_stands_on_the_page(browser: Client) -> None:
    page = page_of(browser)
    for words in ("Take a capture back", "the provider decides", "24 hours", "Stripe"):
        assert words in page


def test_rule_is_made_looked_through_and_ended(browser: Client) -> None:
    merchant = None
    with acting_as(system("test")):
        merchant = make_merchant()
    account = add(browser)
    take(account)
    browser.post(f"/connectors/{account.pk}/enabling/")
    house = ConnectorAccount.objects.get(connector="sandbox")
    body = {
        "mode": "test",
        "merchant": str(merchant.pk),
        "currency": "EUR",
        "brand": "",
        "first": str(account.pk),
        "second": str(house.pk),
        "third": "",
    }
    assert browser.post("/connectors/routing/new/", body).status_code == 302
    asked = {
        "mode": "test",
        "merchant": str(merchant.pk),
        "currency": "EUR",
        "brand": "visa",
        "connector": "sandbox",
    }
    page = page_of(browser, "/connectors/routing/", **asked)
    assert "This payment would go to <strong>Sandbox</strong>" in page
    assert "The card has no token at this provider." in page
    page = page_of(browser, "/connectors/routing/", **{**asked, "mode": "live"})
    assert "No account at a provider takes this payment." in page
    bad = browser.post("/connectors/routing/new/", {**body, "second": str(account.pk)})
    assert bad.status_code == 400
    assert "Each account stands there once." in bad.content.decode()
    route = Route.objects.get()
    assert browser.post(f"/connectors/routing/{route.pk}/ending/").status_code == 302
    assert "No rules yet" in page_of(browser, "/connectors/routing/")


@pytest.mark.parametrize("url", ["/connectors/", "/connectors/routing/"])
def test_pages_cost_few_statements_however_many_accounts(browser: Client, url: str) -> None:
    with acting_as(system("test")):
        merchant = make_merchant()
    for number in range(3):
        add(browser, name=f"Account {number}", merchant=str(merchant.pk))
    page_of(browser, url)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page_of(browser, url, merchant=str(merchant.pk))
    assert len(captured) <= 12, [one["sql"] for one in captured]


def test_auditor_looks_and_changes_nothing() -> None:
    browser = browser_of(hire("Aude Vidal", "auditor"))
    page = page_of(browser)
    assert "New account" not in page
    assert browser.post("/connectors/new/", {}).status_code == 403

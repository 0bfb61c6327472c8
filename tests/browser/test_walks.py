"""The main jobs, walked as somebody new would: few hands, in English and in French."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.utils import translation
from django.utils.translation import gettext as _
from playwright.sync_api import Locator, Page, expect

from audit.models import LogEntry
from payments.models import Payment, Refund
from tests.browser.conftest import NAMES, PASSWORD, Open, Pay, hire, work
from tests.browser.test_refund import open_refund, send
from tests.payments.builders import eur

pytestmark = pytest.mark.browser

EMAIL = "odile.fontane@example.test"
MOST_HANDS = 8
LOCALES = {"en": "en-GB", "fr": "fr-FR"}


class Hands:
    """What a person does, counted: each click, each key, each choice. A text that is typed is not:
    it is as long as it is."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def click(self, target: Locator) -> None:
        self.count += 1
        target.click()

    def press(self, key: str) -> None:
        self.count += 1
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.insert_text(text)

    def choose(self, target: Locator, value: str) -> None:
        self.count += 1
        target.select_option(value)


@pytest.fixture(params=sorted(LOCALES))
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with translation.override(request.param):
        yield request.param


def come_in(open_browser: Open, role: str, language: str) -> Hands:
    """Somebody with this role, signed in by the page in his language; what that took is counted."""
    person = hire(role)
    hands = Hands(open_browser(locale=LOCALES[language]))
    hands.page.goto("/accounts/login/")
    sign_in(hands, person.email, language)
    return hands


def sign_in(hands: Hands, email: str, language: str) -> None:
    """The address has the focus, so two keys do it."""
    page = hands.page
    expect(page.locator("[name=login]")).to_be_focused()
    hands.type(email)
    hands.press("Tab")
    expect(page.locator("[name=password]")).to_be_focused()
    hands.type(PASSWORD)
    hands.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(_("Home"))
    expect(page.locator("html")).to_have_attribute("lang", language)
    # The page listens to keys once it is loaded.
    page.wait_for_load_state()


def search_for(hands: Hands, text: str) -> None:
    hands.press("/")
    expect(hands.page.locator("#search-everywhere")).to_be_focused()
    hands.type(text)
    hands.press("Enter")


def test_agent_refunds_the_right_payment_of_a_customer_known_by_email(
    open_browser: Open, pay: Pay, language: str
) -> None:
    right, wrong = pay(4_200), pay(9_900)
    begun = time.monotonic()
    hands = come_in(open_browser, "support_agent", language)
    page = hands.page
    search_for(hands, EMAIL)
    hands.click(page.locator("main").get_by_role("link", name=right.reference).first)
    expect(page.get_by_role("heading", level=1)).to_contain_text(right.reference)
    hands.press("r")
    expect(page.locator("[name=amount]")).to_have_value("42.00" if language == "en" else "42,00")
    hands.choose(page.locator("[name=reason]"), "requested_by_customer")
    hands.click(page.get_by_role("button", name=_("Send the refund")))
    page.wait_for_url(f"**/payments/{right.pk}/")
    assert hands.count <= MOST_HANDS
    assert time.monotonic() - begun < 60
    work()
    refund = Refund.objects.get()
    assert (refund.payment_id, refund.status, refund.amount) == (right.pk, "succeeded", eur(4_200))
    assert Payment.objects.get(pk=wrong.pk).refunded_minor == 0


def test_lead_approves_from_the_home_page_in_two_clicks(
    open_browser: Open, pay: Pay, language: str
) -> None:
    with translation.override("en"):
        agent = come_in(open_browser, "support_agent", "en").page
        open_refund(agent, pay(40_000), "200")
        send(agent)
        expect(agent.get_by_role("link", name="See the request")).to_be_visible()
    refund = Refund.objects.get()
    lead = come_in(open_browser, "support_lead", language).page
    hands = Hands(lead)
    waiting = lead.locator("[data-need=approvals]")
    expect(waiting).to_contain_text(_("Approvals that wait for you"))
    hands.click(waiting.get_by_role("link", name=refund.reference))
    expect(lead.locator("main")).to_contain_text(NAMES["support_agent"])
    hands.click(lead.get_by_role("button", name=_("Approve")))
    expect(lead.get_by_role("button", name=_("Approve"))).to_have_count(0)
    assert hands.count == 2
    work()
    refund.refresh_from_db()
    assert refund.status == Refund.Status.SUCCEEDED
    lead.goto("/")
    expect(lead.locator("[data-need=approvals]")).to_have_count(0)


def test_auditor_finds_who_looked_at_a_customer(
    open_browser: Open, pay: Pay, language: str
) -> None:
    pay(4_200)
    with translation.override("en"):
        agent = come_in(open_browser, "support_agent", "en")
    search_for(agent, EMAIL)
    expect(agent.page.get_by_role("heading", level=1)).to_contain_text("C-")
    hands = come_in(open_browser, "auditor", language)
    auditor = hands.page
    search_for(hands, EMAIL)
    hands.click(auditor.get_by_role("link", name=_("All looks at this customer")))
    row = auditor.get_by_role("row", name=NAMES["support_agent"]).first
    expect(row).to_be_visible()
    assert hands.count <= MOST_HANDS
    looks = LogEntry.objects.filter(event="access.parties.customer", outcome="done")
    assert {look.actor_roles[0] for look in looks} == {"support_agent", "auditor"}


def test_agent_does_the_same_without_a_mouse(open_browser: Open, pay: Pay) -> None:
    payment = pay(4_200)
    person = hire("support_agent")
    page = open_browser()
    page.goto("/accounts/login/")
    keys = page.keyboard
    tab_to(page, page.locator("[name=login]"))
    keys.type(person.email)
    tab_to(page, page.locator("[name=password]"))
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    search_for(Hands(page), payment.reference)
    expect(page.get_by_role("heading", level=1)).to_contain_text(payment.reference)
    # The page listens to keys once it is loaded.
    page.wait_for_load_state()
    keys.press("r")
    page.wait_for_url("**/refunds/new/")
    tab_to(page, page.locator("[name=reason]"))
    keys.type("Customer")
    tab_to(page, page.get_by_role("button", name="Send the refund"))
    keys.press("Enter")
    page.wait_for_url(f"**/payments/{payment.pk}/")
    assert Refund.objects.get().status == Refund.Status.PENDING


def test_lead_approves_without_a_mouse(open_browser: Open, pay: Pay) -> None:
    with translation.override("en"):
        agent = come_in(open_browser, "support_agent", "en").page
        open_refund(agent, pay(40_000), "200")
        send(agent)
        expect(agent.get_by_role("link", name="See the request")).to_be_visible()
        lead = come_in(open_browser, "support_lead", "en").page
    lead.wait_for_load_state()
    lead.keyboard.press("j")
    expect(lead.get_by_role("link", name=Refund.objects.get().reference)).to_be_focused()
    lead.keyboard.press("Enter")
    approve = lead.get_by_role("button", name="Approve")
    expect(approve).to_be_visible()
    tab_to(lead, approve)
    lead.keyboard.press("Enter")
    expect(approve).to_have_count(0)
    assert Refund.objects.get().status == Refund.Status.PENDING


def tab_to(page: Page, target: Locator, most: int = 60) -> None:
    """By Tab alone; what cannot be reached so is out of reach for many."""
    expect(target).to_be_visible()
    for _number in range(most):
        if target.evaluate("(one) => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("not reached by Tab")

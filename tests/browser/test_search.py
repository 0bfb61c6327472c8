"""Search and the page of a customer in a browser: by keyboard, by email, revealed and gone again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from audit.actor import acting_as, operator
from audit.approvals.models import Approval
from audit.models import LogEntry
from config.access.models import User
from payments.models import Payment
from payments.parties.models import Customer
from tests.browser.conftest import Enter, Pay
from tests.browser.gallery import look, look_at
from tests.payments.builders import make_card, make_customer

pytestmark = pytest.mark.browser

EMAIL = "odile.fontane@example.test"


def customer_of(payment: Payment) -> Customer:
    customer = Customer.objects.get(pk=str(payment.customer_id))
    assert customer.reference
    return customer


def speak_french(role: str) -> None:
    with acting_as(operator("test")):
        person = User.objects.get(email=f"{role}@house.test")
        person.language = "fr"
        person.save()


def search(page: Page, term: str) -> None:
    """As somebody does who has the customer on the phone."""
    page.keyboard.press("/")
    page.keyboard.type(term)
    page.keyboard.press("Enter")


def test_agent_goes_from_any_page_by_email_to_the_right_payment_with_the_keyboard(
    enter: Enter, pay: Pay
) -> None:
    pay(4_200)
    payment = pay(10_000)
    page = enter("support_agent")
    page.goto("/approvals/")
    search(page, EMAIL)
    page.wait_for_url(f"**/customers/{payment.customer_id}/")
    assert "odile" not in page.url
    expect(page.get_by_role("heading", level=1)).to_contain_text(customer_of(payment).reference)
    expect(page.locator("main")).not_to_contain_text("Odile")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/payments/{payment.pk}/")


def test_results_are_walked_by_keyboard_and_what_was_typed_stays(enter: Enter, pay: Pay) -> None:
    older, newer = pay(4_200), pay(4_200)
    page = enter("support_agent")
    search(page, "42.00")
    page.wait_for_url(re.compile(r"/search/v1\."))
    expect(page.get_by_label("Search everywhere")).to_have_value("42.00")
    for payment in (newer, older):
        page.keyboard.press("j")
        expect(page.get_by_role("link", name=payment.reference)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/payments/{older.pk}/")
    page.go_back()
    expect(page.get_by_label("Search everywhere")).to_have_value("42.00")


def test_detail_is_revealed_with_a_reason_and_gone_on_reload(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = enter("support_lead")
    page.goto(f"/customers/{payment.customer_id}/")
    row = page.locator("dd", has=page.locator("[id=reveal-email-reason]"))
    row.locator("summary").click()
    row.get_by_role("button", name="Show it once").click()
    expect(page.get_by_text("Choose why you need to see it.")).to_be_visible()
    row.get_by_label("Why do you need").select_option(label="To write to or call the customer")
    row.get_by_label("Ticket").fill("DESK-1042")
    row.get_by_role("button", name="Show it once").click()
    expect(page.locator("[data-clear=email]")).to_have_text(EMAIL)
    expect(page.locator("[data-clear]")).to_have_count(1)
    assert page.url.endswith(f"/customers/{payment.customer_id}/")
    page.reload()
    expect(page.locator("main")).not_to_contain_text(EMAIL)
    page.go_back()
    expect(page.locator("main")).not_to_contain_text(EMAIL)
    entry = LogEntry.objects.get(event="access.parties.reveal", additional_data__reason="contact")
    assert entry.additional_data["revealed"] == ["email"]


def test_parts_of_the_page_come_by_themselves_and_without_script_by_a_link(
    enter: Enter, pay: Pay
) -> None:
    payment = pay()
    page = enter("auditor")
    page.goto(f"/customers/{payment.customer_id}/")
    expect(page.get_by_text("Nothing was given back.")).to_be_visible()
    expect(page.get_by_role("link", name="All looks at this customer")).to_be_visible()
    plain = enter("support_agent", java_script_enabled=False)
    plain.get_by_label("Search everywhere").fill(EMAIL)
    plain.get_by_role("button", name="Search", exact=True).click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("C-")
    plain.get_by_role("link", name=re.compile(r"^Show\s*: Refunds")).click()
    expect(plain.get_by_text("Nothing was given back.")).to_be_visible()


def test_auditor_finds_who_looked_at_a_customer(enter: Enter, pay: Pay) -> None:
    payment = pay()
    agent = enter("support_agent")
    agent.goto(f"/payments/{payment.pk}/")
    page = enter("auditor")
    search(page, customer_of(payment).reference)
    page.get_by_role("link", name="All looks at this customer").click()
    row = page.get_by_role("row").filter(has_text="Looked at a payment")
    expect(row).to_contain_text("Amandine Vasseur")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Looked at a payment")


def test_duplicate_is_merged_by_two_people(enter: Enter, pay: Pay) -> None:
    payment = pay()
    with acting_as(operator("test")):
        twin = make_customer(payment.merchant, name="O. Fontane")
        make_card(payment.merchant, twin)
    agent = enter("support_agent")
    agent.goto(f"/customers/{twin.pk}/")
    agent.get_by_role("link", name="Merge into another").click()
    agent.get_by_role("link", name=customer_of(payment).reference).click()
    agent.get_by_label("Why are they one person?").fill("Same address and number.")
    agent.get_by_role("button", name="Ask for the merge").click()
    expect(agent.locator("#messages")).to_contain_text("waits for the approval")
    lead = enter("support_lead")
    lead.goto(f"/approvals/{Approval.objects.get().pk}/")
    faults = look(lead, "approval-merge")
    lead.get_by_role("button", name="Approve").click()
    expect(lead.locator("#messages")).to_contain_text("approved")
    agent.goto(f"/customers/{twin.pk}/")
    agent.wait_for_url(f"**/customers/{payment.customer_id}/")
    expect(agent.locator("main")).to_contain_text(twin.reference)
    faults += look(agent, "customer-merged")
    assert faults == [], "\n".join(faults)


def test_everything_is_french_for_who_reads_french(enter: Enter, pay: Pay) -> None:
    payment = pay(4_200)
    page = enter("support_agent")
    speak_french("support_agent")
    page.goto("/payments/")
    search(page, "42,00")
    expect(page.get_by_role("heading", name="Derniers paiements de ce montant")).to_be_visible()
    page.get_by_role("table").get_by_role("link", name=payment.reference).click()
    page.wait_for_url(f"**/payments/{payment.pk}/")
    search(page, EMAIL)
    page.wait_for_url(f"**/customers/{payment.customer_id}/")
    expect(page.locator("main")).to_contain_text("De qui il s’agit")
    expect(page.get_by_text(re.compile("42,00.EUR")).first).to_be_visible()
    faults = look(page, "customer-french")
    search(page, "0077")
    page.wait_for_url(re.compile(r"/search/v1\."))
    faults += look(page, "search-french")
    assert faults == [], "\n".join(faults)


def test_pages_of_search_and_customer_as_they_look(enter: Enter, pay: Pay) -> None:
    payments = [pay(4_200) for _ in range(3)]
    with acting_as(operator("test")):
        bare = make_customer(payments[0].merchant, name="", email="", phone="")
        twin = make_customer(payments[0].merchant)
    page = enter("support_lead")
    faults = look_at(page, {"search": "/search/", "search-lost": "/search/nonsense/"})
    for name, term in {
        "search-many": "42.00",
        "search-customers": EMAIL,
        "search-nothing": "ORD-NOWHERE",
        "search-refused": "4111 1111 1111 1111",
    }.items():
        with page.expect_navigation(url=re.compile(r"/search/(v1|find)")):
            search(page, term)
        faults += look(page, name)
    whole = f"/customers/{payments[0].customer_id}/"
    pages = {
        "customer": whole,
        "customer-empty": f"/customers/{bare.pk}/",
        "customer-missing": "/customers/00000000-0000-4000-8000-000000000000/",
        "customer-looks-forbidden": f"{whole}looks/",
        "merge-choose": f"/customers/{twin.pk}/merges/new/",
        "merge-preview": f"/customers/{twin.pk}/merges/new/?into={customer_of(payments[0]).reference}",
    }
    faults += look_at(page, pages)
    page.goto(whole)
    page.locator("summary", has_text="Reveal").first.click()
    faults += look(page, "customer-reveal-form")
    page.locator("#reveal-name-reason").select_option("identity")
    page.get_by_role("button", name="Show it once").first.click()
    expect(page.locator("[data-clear=name]")).to_be_visible()
    faults += look(page, "customer-revealed")
    auditor = enter("auditor")
    faults += look_at(auditor, {"customer-looks": f"{whole}looks/", "customer-auditor": whole})
    assert faults == [], "\n".join(faults)

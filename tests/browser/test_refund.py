"""A refund, from finding the payment to the books."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from audit import guard
from audit.models import LogEntry
from payments.ledger.models import Entry, Transfer
from payments.models import Payment, Refund
from payments.proofs import payments_off
from tests.browser.conftest import Enter, Pay, work

pytestmark = pytest.mark.browser


def open_refund(page: Page, payment: Payment, amount: str) -> None:
    """From the payment's page to the filled form."""
    page.goto(f"/payments/{payment.pk}/")
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Amount in EUR").fill(amount)
    page.get_by_label("Reason").select_option(label="Customer changed their mind")


def send(page: Page) -> None:
    page.get_by_role("button", name="Send the refund").click()


def test_agent_finds_a_payment_and_refunds_part_of_it(enter: Enter, pay: Pay) -> None:
    payment, _other = pay(10_000), pay(4_200)
    page = enter("support_agent")
    page.goto("/payments/")
    page.get_by_label("Reference", exact=True).fill(payment.reference)
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("table").get_by_role("link", name=payment.reference).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(payment.reference)
    expect(page.locator(".history")).to_contain_text("Payment captured")
    open_refund(page, payment, "12.34")
    send(page)
    page.wait_for_url(f"**/payments/{payment.pk}/")
    expect(page.locator(".waiting[role=status]")).to_contain_text("on its way")
    work()
    # The page notices by itself.
    expect(page.locator("section[aria-labelledby=refunds]")).to_contain_text("Refunded")
    told = page.locator(".tile", has_text="Refunded: given back")
    expect(told).to_contain_text("12.34")
    expect(page.locator(".tile", has_text="Can still be refunded")).to_contain_text("87.66")
    expect(page.locator(".history")).to_contain_text("12.34")
    expect(page.locator("section[aria-labelledby=ledger]")).to_contain_text("12.34")
    agrees_with_the_books(payment, 1_234)


def agrees_with_the_books(payment: Payment, minor: int) -> None:
    """Row, ledger and log tell of one refund, and the proofs hold."""
    refund = Refund.objects.get(payment=payment)
    assert (refund.status, refund.amount_minor) == ("succeeded", minor)
    assert Payment.objects.get(pk=payment.pk).refunded_minor == minor
    booked = Transfer.objects.filter(reference=f"refund:{refund.pk}")
    amounts = Entry.objects.filter(transfer__in=booked).values_list("amount_minor", flat=True)
    assert {abs(amount) for amount in amounts} == {minor}
    assert sum(amounts) == 0
    events = LogEntry.objects.filter(object_pk=str(refund.pk)).values_list("event", flat=True)
    assert sorted(events) == ["payments.refund.requested", "payments.refund.succeeded"]
    assert list(payments_off()) == []


def test_double_click_sends_one_refund(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = enter("support_agent")
    open_refund(page, payment, "12.34")
    page.get_by_role("button", name="Send the refund").dblclick()
    page.wait_for_url(f"**/payments/{payment.pk}/")
    work()
    agrees_with_the_books(payment, 1_234)


def test_going_back_shows_what_is_left_and_the_old_form_sent_again_is_no_second_refund(
    enter: Enter, pay: Pay
) -> None:
    payment = pay()
    page = enter("support_agent")
    open_refund(page, payment, "12.34")
    with page.expect_request(
        lambda one: one.method == "POST" and one.is_navigation_request()
    ) as sent:
        send(page)
    page.wait_for_url(f"**/payments/{payment.pk}/")
    work()
    page.go_back()
    expect(page.get_by_label("Amount in EUR")).to_have_value("87.66")
    form = {"content-type": "application/x-www-form-urlencoded", "referer": page.url}
    again = page.request.post(sent.value.url, data=sent.value.post_data, headers=form)
    assert again.ok
    assert "was sent before" in again.text()
    work()
    agrees_with_the_books(payment, 1_234)


def test_stale_form_is_refused_with_what_was_typed(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = enter("support_agent")
    open_refund(page, payment, "30")
    other = page.context.new_page()
    open_refund(other, payment, "12.34")
    send(other)
    other.wait_for_url(f"**/payments/{payment.pk}/")
    page.get_by_label("Comment").fill("the box came empty")
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("has changed since you opened this page")
    expect(page.get_by_role("alert")).to_contain_text("87.66")
    expect(page.get_by_label("Amount in EUR")).to_have_value("30")
    expect(page.get_by_label("Comment")).to_have_value("the box came empty")
    assert Refund.objects.count() == 1
    send(page)
    page.wait_for_url(f"**/payments/{payment.pk}/")
    assert sorted(Refund.objects.values_list("amount_minor", flat=True)) == [1_234, 3_000]


def test_refund_above_the_limit_waits_for_a_lead(enter: Enter, pay: Pay) -> None:
    payment = pay(40_000)
    agent = enter("support_agent")
    open_refund(agent, payment, "200.00")
    send(agent)
    agent.wait_for_url(f"**/payments/{payment.pk}/")
    expect(agent.locator("#messages")).to_contain_text("waits for the approval")
    agent.get_by_role("link", name="See the request").click()
    expect(agent.get_by_role("button", name="Approve")).to_be_disabled()
    expect(agent.locator("#why-not")).to_be_visible()
    work()
    refund = Refund.objects.get()
    assert refund.status == "awaiting_approval"
    lead = enter("support_lead")
    lead.goto("/approvals/")
    lead.get_by_role("table").get_by_role("link", name=re.compile("^Decide")).click()
    lead.get_by_role("button", name="Approve").click()
    expect(lead.locator("#messages")).to_contain_text("approved")
    work()
    refund.refresh_from_db()
    assert refund.status == "succeeded"
    agent.goto(f"/payments/{payment.pk}/")
    expect(agent.locator(".tile", has_text="Refunded: given back")).to_contain_text("200.00")
    assert list(payments_off()) == []


def test_auditor_may_look_and_finds_who_looked(enter: Enter, pay: Pay) -> None:
    payment = pay()
    agent = enter("support_agent")
    agent.goto(f"/payments/{payment.pk}/")
    expect(agent.get_by_role("link", name="Log")).to_have_count(0)
    answer = agent.goto("/log/")
    assert answer is not None
    assert answer.status == 403
    expect(agent.get_by_role("heading", level=1)).to_have_text("Not allowed")
    auditor = enter("auditor")
    auditor.goto(f"/payments/{payment.pk}/")
    expect(auditor.get_by_role("link", name="Refund", exact=True)).to_have_count(0)
    expect(auditor.get_by_role("button", name="Refund", exact=True)).to_be_disabled()
    answer = auditor.goto(f"/payments/{payment.pk}/refunds/new/")
    assert answer is not None
    assert answer.status == 403
    auditor.goto("/log/")
    auditor.get_by_label("Object").fill(payment.reference)
    auditor.get_by_role("button", name="Filter").click()
    look = auditor.get_by_role("row").filter(has_text="Looked at a payment")
    expect(look.filter(has_text="Amandine Vasseur")).to_have_count(1)
    look.filter(has_text="Amandine Vasseur").get_by_role("link", name="Looked at").click()
    expect(auditor.get_by_role("heading", level=1)).to_contain_text("Looked at a payment")


@contextmanager
def log_away() -> Iterator[None]:
    """The table of the log cannot be found."""

    def rename(old: str, new: str) -> None:
        with guard.suspended(), connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")

    rename("audit_logentry", "audit_logentry_away")
    try:
        yield
    finally:
        rename("audit_logentry_away", "audit_logentry")


def test_without_the_log_nothing_is_written_and_the_page_says_so(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = enter("support_agent")
    open_refund(page, payment, "12.34")
    booked = Transfer.objects.count()
    # The preview was answered as the amount was typed and as it was left: none is asked for below.
    expect(page.locator("#preview")).to_contain_text("EUR 12.34")
    with page.expect_response("**/refunds/preview/"):
        page.get_by_label("Amount in EUR").blur()
    with log_away():
        send(page)
        expect(page.locator("main")).to_contain_text("cannot be written, so nothing was done")
        for url in ("/payments/", f"/payments/{payment.pk}/"):
            page.goto(url)
            expect(page.locator("main")).to_contain_text("nothing is shown")
        expect(page.locator("main")).not_to_contain_text(payment.reference)
    assert (Refund.objects.count(), Transfer.objects.count()) == (0, booked)
    open_refund(page, payment, "12.34")
    send(page)
    page.wait_for_url(f"**/payments/{payment.pk}/")
    assert Refund.objects.count() == 1


def test_everything_works_without_script(enter: Enter, pay: Pay) -> None:
    payment, other = pay(10_000), pay(4_200)
    page = enter("support_agent", java_script_enabled=False)
    page.goto("/payments/")
    expect(page.get_by_role("link", name=other.reference)).to_be_visible()
    page.get_by_label("Reference", exact=True).fill(payment.reference)
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_role("link", name=other.reference)).to_have_count(0)
    page.get_by_role("table").get_by_role("link", name=payment.reference).click()
    open_refund(page, payment, "12.34")
    send(page)
    expect(page.locator("#messages")).to_contain_text("on its way")
    work()
    page.get_by_role("link", name="Look again").click()
    expect(page.locator(".tile", has_text="Refunded: given back")).to_contain_text("12.34")
    agrees_with_the_books(payment, 1_234)


def test_list_is_walked_by_keyboard(enter: Enter, pay: Pay) -> None:
    newest = [pay(minor) for minor in (1_000, 2_000, 3_000)][::-1]
    page = enter("support_agent")
    page.goto("/payments/")
    links = [page.get_by_role("link", name=one.reference) for one in newest]
    page.keyboard.press("j")
    expect(links[0]).to_be_focused()
    page.keyboard.press("j")
    expect(links[1]).to_be_focused()
    page.keyboard.press("k")
    expect(links[0]).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Search everywhere")).to_be_focused()
    links[1].focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/payments/{newest[1].pk}/")

"""The list of payments under somebody's hands: choosing, columns, views, an export to the end."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from audit.jobs.models import Job
from payments.models import Refund
from tests.browser.conftest import Enter, Pay, work
from tests.browser.gallery import look, look_at

pytestmark = pytest.mark.browser


def said(page: Page) -> str:
    return page.locator("[data-picks-said]").inner_text()


def test_rows_are_chosen_by_keyboard_and_refunded_after_a_dry_run(enter: Enter, pay: Pay) -> None:
    payments = [pay(minor) for minor in (1_000, 2_000, 90_000)]
    page = enter("support_agent")
    page.goto("/payments/")
    expect(page.get_by_role("button", name="Refund")).to_be_disabled()
    for key in "jxjxjx":
        page.keyboard.press(key)
    assert said(page) == "3 chosen"
    page.keyboard.press("x")
    assert said(page) == "2 chosen"
    page.keyboard.press("x")
    page.get_by_role("button", name="Refund").click()
    expect(page.get_by_role("heading", name="3 of 3 chosen payments")).to_be_visible()
    expect(page.get_by_text("EUR 930.00")).to_be_visible()
    expect(page.get_by_text("1 of them waits for a colleague’s approval")).to_be_visible()
    page.get_by_label("Reason").select_option("requested_by_customer")
    page.get_by_role("button", name="Refund 3 payments").click()
    page.wait_for_url("**/jobs/*/")
    expect(page.get_by_text("It waits for its turn")).to_be_visible()
    work()
    expect(page.get_by_text("3 of 3")).to_be_visible()
    expect(page.get_by_text("Waits for approval")).to_be_visible()
    assert {one.payment_id for one in Refund.objects.all()} == {one.pk for one in payments}


def test_rows_are_chosen_by_mouse_one_by_one_in_a_range_and_all(enter: Enter, pay: Pay) -> None:
    payments = [pay(minor) for minor in (1_000, 2_000, 3_000, 4_000)]
    page = enter("support_lead")
    page.goto("/payments/")
    boxes = page.locator("[data-pick]")
    boxes.nth(0).click()
    assert said(page) == "1 chosen"
    boxes.nth(2).click(modifiers=["Shift"])
    assert said(page) == "3 chosen"
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=payments[0].reference)).to_be_focused()
    page.get_by_label("All on this page").check()
    assert said(page) == "4 chosen"
    page.get_by_role("button", name="Void").click()
    expect(page.get_by_text("Nothing would be done to any of these payments.")).to_be_visible()
    page.go_back()
    assert said(page) == "4 chosen"


def test_list_does_it_without_script(enter: Enter, pay: Pay) -> None:
    payment = pay(1_000)
    page = enter("support_agent", java_script_enabled=False)
    page.goto("/payments/")
    page.get_by_label(f"Choose {payment.reference}").check()
    page.get_by_role("button", name="Refund").click()
    page.get_by_label("Reason").select_option("requested_by_customer")
    page.get_by_role("button", name="Refund 1 payment").click()
    page.wait_for_url("**/jobs/*/")
    work()
    page.reload()
    expect(page.get_by_text("1 of 1")).to_be_visible()
    assert Refund.objects.get().payment_id == payment.pk


def test_columns_and_a_view_are_kept_renamed_removed_and_brought_back(
    enter: Enter, pay: Pay
) -> None:
    pay(1_000)
    page = enter("support_agent")
    page.goto("/payments/?state=captured")
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Card", exact=True).check()
    page.get_by_label("Customer", exact=True).last.uncheck()
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**/payments/?state=captured")
    expect(page.get_by_role("columnheader", name="Card")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Customer")).to_have_count(0)
    expect(page.get_by_text("visa •••• 0077")).to_be_visible()
    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Save as a view…").click()
    page.get_by_label("Name of the view").fill("Taken today")
    page.get_by_label("For whom").select_option("support_agent")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/payments/?state=captured&view=*")
    page.goto("/payments/")
    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Taken today").click()
    expect(page.get_by_label("Remove the filter State: captured")).to_be_visible()
    page.goto("/payments/views/")
    page.get_by_role("link", name="Rename “Taken today”").click()
    page.get_by_label("Name of the view").fill("Caught")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Remove “Caught”").click()
    expect(page.get_by_text("“Caught” was removed.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Caught", exact=True)).to_be_visible()


def test_list_is_exported_to_a_file_that_holds_what_the_screen_shows(
    enter: Enter, pay: Pay
) -> None:
    payments = [pay(minor) for minor in (1_000, 2_000)]
    page = enter("support_lead")
    page.goto("/payments/?state=captured")
    page.get_by_role("link", name="Export").click()
    page.get_by_label("CSV").check()
    page.get_by_role("button", name="Make the file").click()
    page.wait_for_url("**/jobs/*/")
    work()
    link = page.get_by_role("link", name="Download")
    expect(link).to_be_visible()
    with page.expect_download() as waiting:
        link.click()
    download = waiting.value
    assert re.fullmatch(r"payments-test-[0-9-]+\.csv", download.suggested_filename)
    text = Path(str(download.path())).read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows[1:]] == [one.reference for one in reversed(payments)]


def test_pages_of_lists_jobs_and_the_outbox(enter: Enter, pay: Pay) -> None:
    payments = [pay(minor) for minor in (1_000, 90_000)]
    pay(5_000, capture_method="manual")
    lead = enter("support_lead")
    chosen = "&".join(f"p={one.pk.hex}" for one in payments)
    urls = {
        "list-with-boxes": "/payments/",
        "bulk-nothing-chosen": "/payments/bulk/refunds/new/",
        "bulk-dry-run": f"/payments/bulk/refunds/new/?{chosen}",
        "bulk-nothing-to-do": f"/payments/bulk/captures/new/?{chosen}",
        "columns": "/payments/columns/",
        "view-new": "/payments/views/new/?state=captured",
        "views-empty": "/payments/views/",
        "export": "/payments/exports/new/?state=captured",
        "jobs-empty": "/jobs/",
    }
    faults = look_at(lead, urls)
    lead.goto(urls["bulk-dry-run"])
    lead.get_by_label("Reason").select_option("requested_by_customer")
    lead.get_by_role("button", name="Refund 2 payments").click()
    lead.wait_for_url("**/jobs/*/")
    faults += look(lead, "job-waits")
    work()
    expect(lead.get_by_text("2 of 2")).to_be_visible()
    faults += look(lead, "job-done")
    lead.goto("/payments/views/new/?state=captured")
    lead.get_by_label("Name of the view").fill("Captured")
    lead.get_by_role("button", name="Save").click()
    for summary in ("Captured", "Columns"):
        lead.locator("summary", has_text=summary).first.click()
        faults += look(lead, f"list-menu-{summary.lower()}")
    expect(lead.locator("details.pick[open]")).to_have_count(1)
    lead.keyboard.press("Escape")
    expect(lead.locator("details.pick[open]")).to_have_count(0)
    faults += look_at(lead, {"views": "/payments/views/", "jobs": "/jobs/"})
    assert faults == [], "\n".join(faults)
    assert Job.objects.count() == 1


def test_pages_for_who_looks_after_the_background(enter: Enter, pay: Pay) -> None:
    pay(1_000)
    page = enter("access_administrator")
    urls = {
        "outbox": "/outbox/",
        "outbox-done": "/outbox/?status=done",
        "outbox-dead-empty": "/outbox/?status=dead",
        "jobs-of-all": "/jobs/?status=running",
    }
    faults = look_at(page, urls)
    assert faults == [], "\n".join(faults)

"""The page of a payment as people use it: keys, preview, notes and undo, colleagues, paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from audit.actor import acting_as
from audit.notes.commands import add_note, put_tag
from audit.notes.models import Note, Tag
from config.access.models import User
from config.access.snapshot import person as actor_of
from payments.commands.refunds import record_refund_lost
from payments.models import Payment, Refund
from tests.browser.conftest import Enter, Pay, work
from tests.browser.gallery import look, pictures
from tests.browser.test_refund import open_refund, send
from tests.payments.builders import eur, new_key, requested_refund

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _often(settings: Settings) -> None:
    settings.PRESENCE_POLL_S = 1


@pytest.fixture
def tag() -> Tag:
    return Tag.objects.create(code="callback", label="Call back", label_fr="Rappeler", tone="blue")


def open_page(page: Page, payment: Payment) -> Page:
    page.goto(f"/payments/{payment.pk}/")
    return page


def test_two_people_on_one_payment_are_told_of_each_other(enter: Enter, pay: Pay) -> None:
    payment = pay()
    amandine = open_page(enter("support_agent"), payment)
    lorcan = open_page(enter("support_lead"), payment)
    expect(lorcan.locator(".presence")).to_contain_text("Amandine Vasseur is on this page since")
    expect(amandine.locator(".presence")).to_contain_text("Lorcan Deville is on this page since")
    amandine.get_by_role("link", name="Refund", exact=True).click()
    warning = lorcan.locator(".presence-warns")
    expect(warning).to_contain_text("Amandine Vasseur is filling in a refund since")
    lorcan.goto(f"/payments/{payment.pk}/refunds/new/")
    expect(lorcan.locator(".presence-warns")).to_contain_text("Amandine Vasseur is filling in")
    expect(amandine.locator(".presence-warns")).to_contain_text("Lorcan Deville is filling in")
    # Who leaves is gone.
    amandine.goto("/payments/")
    expect(lorcan.locator(".presence")).not_to_contain_text("Amandine")


def test_without_script_the_page_says_who_is_there_as_it_loads(enter: Enter, pay: Pay) -> None:
    payment = pay()
    amandine = open_page(enter("support_agent"), payment)
    lorcan = enter("support_lead", java_script_enabled=False)
    open_page(lorcan, payment)
    told = "Amandine Vasseur is on this page since"
    expect(lorcan.locator(".presence")).to_contain_text(told)
    with amandine.expect_response(lambda one: "/presence/" in one.url and one.status == 200):
        amandine.goto(f"/payments/{payment.pk}/refunds/new/")
    lorcan.goto(f"/payments/{payment.pk}/refunds/new/")
    expect(lorcan.locator(".presence-warns")).to_contain_text("Amandine Vasseur is filling in")


def test_nothing_moves_when_a_colleague_comes(enter: Enter, pay: Pay) -> None:
    payment = pay()
    amandine = open_page(enter("support_agent"), payment)
    before = amandine.get_by_role("heading", level=1).bounding_box()
    lorcan = open_page(enter("support_lead"), payment)
    expect(amandine.locator(".presence")).to_contain_text("Lorcan Deville")
    assert amandine.get_by_role("heading", level=1).bounding_box() == before
    lorcan.goto("/payments/")
    expect(amandine.locator(".presence")).not_to_contain_text("Lorcan Deville")
    assert amandine.get_by_role("heading", level=1).bounding_box() == before


def test_a_note_is_written_undone_and_brought_back(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = open_page(enter("support_agent"), payment)
    page.keyboard.press("n")
    expect(page.get_by_label("Write a note")).to_be_focused()
    page.keyboard.type("He called twice")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#messages")).to_contain_text("Note kept.")
    expect(page.locator(".note-list")).to_contain_text("He called twice")
    expect(page.locator(".history")).to_contain_text("Wrote a note")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#messages")).to_contain_text("Note hidden.")
    expect(page.locator(".note-list")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".note-list")).to_contain_text("He called twice")


def test_a_tag_is_put_on_and_undone(enter: Enter, pay: Pay, tag: Tag) -> None:
    payment = pay()
    page = open_page(enter("support_agent"), payment)
    page.get_by_text("Put a tag on").click()
    page.get_by_role("button", name="Call back").click()
    expect(page.locator(".tags")).to_contain_text("Call back")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tags .badge", has_text="Call back")).to_be_hidden()


def test_a_file_is_kept_and_comes_back(
    enter: Enter, pay: Pay, tmp_path: Path, settings: Settings
) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "private"},
        },
    }
    payment = pay()
    page = open_page(enter("support_agent"), payment)
    receipt = tmp_path / "receipt.txt"
    receipt.write_text("One vase, broken")
    page.get_by_text("Attach a file").click()
    page.get_by_label("File").set_input_files(receipt)
    page.get_by_role("button", name="Keep the note").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("receipt.txt")).click()
    assert download.value.suggested_filename == "receipt.txt"
    assert Path(download.value.path()).read_text() == "One vase, broken"


def test_the_preview_follows_what_is_typed_and_nothing_moves(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = enter("support_agent")
    page.goto(f"/payments/{payment.pk}/refunds/new/")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("EUR 100.00")
    button = page.get_by_role("button", name="Send the refund")
    before = button.bounding_box()
    page.get_by_label("Amount in EUR").fill("12.34")
    expect(preview).to_contain_text("EUR 12.34")
    expect(preview).to_contain_text("87.66 can still be refunded")
    assert button.bounding_box() == before
    page.get_by_label("Amount in EUR").fill("1000")
    expect(preview).to_contain_text("more than what can still be refunded")
    expect(page.get_by_role("button", name="Preview", exact=True)).to_be_hidden()
    assert Refund.objects.count() == 0


def test_without_script_a_button_shows_the_preview(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = enter("support_agent", java_script_enabled=False)
    open_refund(page, payment, "12.34")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator("#preview")).to_contain_text("EUR 12.34")
    expect(page.get_by_label("Amount in EUR")).to_have_value("12.34")
    send(page)
    page.wait_for_url(f"**/payments/{payment.pk}/")
    assert Refund.objects.get().amount_minor == 1_234


def test_the_page_is_worked_by_keys_and_the_help_names_them(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = open_page(enter("support_agent"), payment)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog")
    for words in ("Refund", "Capture", "Void", "Print", "Write a note"):
        expect(help_).to_contain_text(words)
    page.keyboard.press("Escape")
    # What may not be done takes the focus, and its reason is read with it.
    page.keyboard.press("c")
    capture = page.get_by_role("button", name="Capture", exact=True)
    expect(capture).to_be_focused()
    expect(capture).to_be_disabled()
    expect(capture).to_have_accessible_description("Your role does not capture payments.")
    page.keyboard.press("r")
    page.wait_for_url("**/refunds/new/")
    # Keys are letters while somebody types.
    page.get_by_label("Comment").fill("r")
    assert page.url.endswith("/refunds/new/")


def test_what_is_typed_stays_when_the_payment_moves(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = enter("support_agent")
    open_refund(page, payment, "12.34")
    send(page)
    page.wait_for_url(f"**/payments/{payment.pk}/")
    page.get_by_label("Write a note").fill("He is on the phone")
    work()
    expect(page.locator("[data-moved]")).to_be_visible()
    expect(page.get_by_label("Write a note")).to_have_value("He is on the phone")
    page.get_by_role("link", name="Look again").click()
    expect(page.locator(".tile", has_text="Refunded: given back")).to_contain_text("12.34")


def in_french(page: Page) -> None:
    """As the button of the menu does."""
    page.goto("/payments/")
    page.locator(".user-menu > summary").click()
    page.get_by_role("button", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def full_payment(pay: Pay, tag: Tag) -> Payment:
    """One with everything on it."""
    payment = pay(40_000)
    agent = User.objects.get(email="support_agent@house.test")
    with acting_as(actor_of(agent)):
        for minor in (1_234, 500):
            requested_refund(payment, eur(minor), comment="The vase came broken")
        requested_refund(payment, eur(30_000))
        add_note(kind="payment", subject_id=payment.pk, text="He called twice.", key=new_key())
        put_tag(kind="payment", subject_id=payment.pk, code=tag.code)
    work()
    return payment


def test_pages_of_a_payment_look_right(enter: Enter, pay: Pay, tag: Tag) -> None:
    page = enter("support_agent")
    payment = full_payment(pay, tag)
    faults = look(open_page(page, payment), "payment-full")
    unknown = pay(9_900)
    record_refund_lost(refund_id=requested_refund(unknown, eur(900)).pk)
    faults += look(open_page(page, unknown), "payment-unknown")
    page.goto(f"/payments/{payment.pk}/refunds/new/")
    faults += look(page, "refund-preview")
    page.goto(f"/notes/payment/{payment.pk}/")
    faults += look(page, "notes")
    assert faults == []


def test_pages_of_a_payment_look_right_in_french(enter: Enter, pay: Pay, tag: Tag) -> None:
    page = enter("support_agent")
    payment = full_payment(pay, tag)
    in_french(page)
    faults = look(open_page(page, payment), "payment-full-fr")
    expect(page.locator("main")).to_contain_text("Notes et étiquettes")
    expect(page.locator("main")).to_contain_text("À dire au client")
    page.goto(f"/payments/{payment.pk}/refunds/new/")
    expect(page.locator("#preview")).to_contain_text("Le client reçoit")
    faults += look(page, "refund-preview-fr")
    assert faults == []


def test_on_paper_a_payment_is_one_clean_page(enter: Enter, pay: Pay, tag: Tag) -> None:
    page = enter("support_agent")
    payment = pay(10_000)
    open_refund(page, payment, "12.34")
    send(page)
    work()
    open_page(page, payment)
    page.emulate_media(media="print")
    for gone in (".sidebar", ".page-actions", ".notes", ".presence", ".crumbs"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_contain_text(payment.reference)
    expect(page.locator(".history")).to_contain_text("Payment captured")
    paper = page.pdf(format="A4", path=pictures() / "payment-print.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    page.set_viewport_size({"width": 794, "height": 1123})
    page.screenshot(path=pictures() / "payment-print.png", full_page=True)


def test_the_one_who_asked_is_told_what_became_of_it(enter: Enter, pay: Pay) -> None:
    payment = pay(40_000)
    agent = enter("support_agent")
    open_refund(agent, payment, "200.00")
    send(agent)
    agent.wait_for_url(f"**/payments/{payment.pk}/")
    lead = enter("support_lead")
    lead.goto("/approvals/")
    lead.get_by_role("table").get_by_role("link", name=re.compile("^Decide")).click()
    expect(lead.locator("main")).to_contain_text("Other refunds by Amandine Vasseur")
    faults = look(lead, "approval-in-view")
    lead.get_by_role("button", name="Approve").click()
    expect(lead.locator("#messages")).to_contain_text("approved")
    agent.goto("/payments/")
    notice = agent.locator(".outcome")
    expect(notice).to_contain_text("was approved by Lorcan Deville.")
    faults += look(agent, "notice")
    notice.get_by_role("button", name="Noticed").click()
    expect(agent.locator(".outcome")).to_have_count(0)
    assert faults == []


def test_who_may_only_look_writes_nothing(enter: Enter, pay: Pay) -> None:
    payment = pay()
    auditor = open_page(enter("auditor"), payment)
    expect(auditor.get_by_label("Write a note")).to_have_count(0)
    answer = auditor.goto(f"/payments/{payment.pk}/refunds/new/")
    assert answer is not None
    assert answer.status == 403
    assert Note.objects.count() == 0

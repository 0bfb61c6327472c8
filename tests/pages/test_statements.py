"""What a page asks of the database: a round trip each, so there may be few of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.actor import acting_as, operator
from audit.approvals.models import Approval, ApprovalLimit
from audit.notes.commands import add_note, correct_note, put_tag
from audit.notes.contents import examine
from audit.notes.models import Tag
from config.access.models import User
from payments.commands.captures import capture_payment, record_capture_result
from payments.commands.increments import increment_authorization, record_increment_result
from payments.commands.payments import retry_payment
from payments.commands.refunds import record_refund_lost
from payments.models import Capture, Payment
from tests.audit.people import as_actor, browser_of, hire
from tests.payments.builders import (
    answer_attempt,
    answer_refund,
    captured_payment,
    eur,
    make_card,
    new_key,
    new_payment,
    operation_answer,
    requested_refund,
)
from tests.payments.pages import MOST_QUERIES, words_of

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True)
class Place:
    """A payment with everything on it, and who works with it."""

    payment: Payment
    approval: Approval
    open_capture: Capture
    agent: User
    lead: User


@pytest.fixture
def place() -> Place:
    with acting_as(operator("test")):
        agent, lead = hire("Agathe Morel", "support_agent"), hire("Lea Lund", "support_lead")
        for role, minor in (("support_agent", 5_000), ("support_lead", 50_000)):
            ApprovalLimit.objects.create(
                role=Group.objects.get(name=role), currency="EUR", max_minor=minor
            )
        Tag.objects.create(code="vip", label="VIP")
    with acting_as(as_actor(lead)):
        payment = _captured_in_parts()
        _others_of(payment)
    with acting_as(as_actor(agent)):
        _annotated(payment)
        approval = _refunded_in_parts(payment)
    return Place(payment, approval, Capture.objects.filter(payment=payment)[0], agent, lead)


def _captured_in_parts() -> Payment:
    """Two declines, a hold that was raised, three captures."""
    payment = answer_attempt(new_payment(eur(90_000)), "declined", decline_code="expired_card")
    for status in ("declined", "authorized"):
        card = make_card(payment.merchant, payment.customer)
        retry_payment(payment_id=payment.pk, card_id=card.pk, key=new_key())
        payment = answer_attempt(payment, status, decline_code="")
    raised = increment_authorization(payment_id=payment.pk, amount=eur(10_000), key=new_key())
    record_increment_result(increment_id=raised.pk, answer=operation_answer(raised), key=new_key())
    for minor in (50_000, 20_000, 10_000):
        capture = capture_payment(payment_id=payment.pk, amount=eur(minor), key=new_key())
        record_capture_result(
            capture_id=capture.pk, answer=operation_answer(capture), key=new_key()
        )
    return Payment.objects.select_related("merchant", "customer").get(pk=payment.pk)


def _others_of(payment: Payment) -> None:
    for minor in (3_000, 4_000):
        other = captured_payment(
            eur(minor),
            merchant=payment.merchant,
            customer=payment.customer,
            card=make_card(payment.merchant, payment.customer),
        )
        answer_refund(requested_refund(other, eur(100)))


def _annotated(payment: Payment) -> None:
    file = examine("letter.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n")
    note = add_note(
        kind="payment", subject_id=payment.pk, text="He called.", key=new_key(), file=file
    )
    add_note(kind="payment", subject_id=payment.pk, text="Twice.", key=new_key())
    correct_note(note_id=note.pk, text="She called.", key=new_key())
    put_tag(kind="payment", subject_id=payment.pk, code="vip")


def _refunded_in_parts(payment: Payment) -> Approval:
    """Some went through, one failed, one is unknown, two wait for a second person."""
    for status in ("succeeded", "succeeded", "failed"):
        answer_refund(requested_refund(payment, eur(1_000)), status)
    record_refund_lost(refund_id=requested_refund(payment, eur(2_000)).pk)
    requested_refund(payment, eur(7_000))
    waiting = requested_refund(payment, eur(6_000), comment="The vase came broken")
    return Approval.objects.get(subject_id=waiting.pk)


Address = Callable[[Place], str]
PAGES: dict[str, Address] = {
    "home": lambda place: "/",
    "payments": lambda place: "/payments/",
    "filtered": lambda place: "/payments/?status=captured&currency=EUR",
    "payment": lambda place: f"/payments/{place.payment.pk}/",
    "refund": lambda place: f"/payments/{place.payment.pk}/refunds/new/",
    "capture": lambda place: f"/payments/{place.payment.pk}/captures/new/",
    "void": lambda place: f"/payments/{place.payment.pk}/void/new/",
    "increment": lambda place: f"/payments/{place.payment.pk}/increments/new/",
    "capture void": lambda place: (
        f"/payments/{place.payment.pk}/captures/{place.open_capture.pk}/void/new/"
    ),
    "correction": lambda place: f"/payments/{place.payment.pk}/corrections/new/",
    "customer": lambda place: f"/customers/{place.payment.customer_id}/",
    "approvals": lambda place: "/approvals/",
    "decided": lambda place: "/approvals/?tab=decided",
    "approval": lambda place: f"/approvals/{place.approval.pk}/",
    "search": lambda place: "/search/",
    "jobs": lambda place: "/jobs/",
    "unsettled": lambda place: "/payments/unsettled/",
    "expiring": lambda place: "/payments/expiring/",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_a_long_story_takes_few_statements(name: str, place: Place) -> None:
    asked = _statements(browser_of(place.lead), PAGES[name](place))
    assert len(asked) <= MOST_QUERIES, asked


@pytest.mark.parametrize("name", ["log", "roles", "outbox"])
def test_a_page_of_those_who_look_after_the_house_takes_few_statements(
    name: str, place: Place
) -> None:
    role, address = {
        "log": ("auditor", "/log/"),
        "roles": ("access_administrator", "/roles/"),
        "outbox": ("auditor", "/outbox/"),
    }[name]
    with acting_as(operator("test")):
        keeper = hire("Ada Lund", role)
    asked = _statements(browser_of(keeper), address)
    assert len(asked) <= MOST_QUERIES, asked


def test_the_story_that_is_counted_is_a_long_one(place: Place) -> None:
    browser = browser_of(place.lead)
    page = browser.get(PAGES["payment"](place)).context["page"]
    assert len(page.moments) >= 25
    assert len(page.attempts) == len(page.captures) == 3
    assert len(page.refunds) == 6
    assert [one.text for one in page.board.notes] == ["She called.", "Twice."]
    assert [one.text for one in page.board.notes[0].earlier] == ["He called."]
    words = words_of(browser.get(PAGES["approval"](place)))
    assert "The vase came broken" in words


def _statements(browser: Client, address: str) -> list[str]:
    assert browser.get(address).status_code == 200, address
    with CaptureQueriesContext(connection) as queries:
        browser.get(address)
    return [one["sql"] for one in queries]

"""The pages for more, less and taken back; what expires; what is unknown."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import clock, keyset
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.commands.captures import capture_payment, record_capture_result
from payments.commands.increments import increment_authorization, record_increment_result
from payments.commands.payments import record_authorization_lost
from payments.commands.refunds import record_refund_lost
from payments.models import Attempt, Capture, Increment, Payment
from tests.payments.builders import (
    answer_attempt,
    answer_refund,
    authorized_payment,
    captured_payment,
    eur,
    new_key,
    new_payment,
    operation_answer,
    requested_refund,
)
from tests.payments.pages import MOST_QUERIES, agent_browser, hidden, page_of, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


@pytest.fixture
def agent() -> Client:
    return agent_browser()


@pytest.fixture
def lead() -> Client:
    return agent_browser("Lea Roux", "support_lead")


def sent(browser: Client, address: str, **given: str) -> object:
    """A form as it is opened, filled in and sent."""
    page = browser.get(address)
    data = {"key": hidden(page, "key"), **given}
    if 'name="seen"' in page.content.decode():
        data["seen"] = hidden(page, "seen")
    return browser.post(address, data)


def fresh_capture(payment: Payment, minor: int) -> Capture:
    capture = capture_payment(payment_id=payment.pk, amount=eur(minor), key=new_key())
    answer = operation_answer(capture, settles_at=clock.now() + timedelta(days=1))
    record_capture_result(capture_id=capture.pk, answer=answer, key="x")
    return Capture.objects.get(pk=capture.pk)


# Forms


def test_a_lead_captures_a_part_and_lets_go_of_the_rest(lead: Client) -> None:
    payment = authorized_payment(eur(1_000))
    page = lead.get(page_of(payment, "captures/new/"))
    assert "stays held, for another capture" in words_of(page)
    sent(lead, page_of(payment, "captures/new/"), amount="4.00", rest="let_go")
    capture = Capture.objects.get()
    assert (capture.amount, capture.is_final) == (eur(400), True)
    assert "last capture on its way" in words_of(lead.get(page_of(payment))).lower()


def test_without_a_word_about_the_rest_it_stays_held(lead: Client) -> None:
    payment = authorized_payment(eur(1_000))
    sent(lead, page_of(payment, "captures/new/"), amount="4.00")
    assert Capture.objects.get().is_final is False


def test_a_choice_for_the_rest_that_is_none_is_refused(lead: Client) -> None:
    payment = authorized_payment(eur(1_000))
    answer = sent(lead, page_of(payment, "captures/new/"), amount="4.00", rest="burn it")
    assert getattr(answer, "status_code", 0) == 400
    assert Capture.objects.count() == 0


def test_a_lead_has_more_held_once_however_often_it_is_sent(lead: Client) -> None:
    payment = authorized_payment(eur(1_000))
    address = page_of(payment, "increments/new/")
    page = lead.get(address)
    assert "EUR 10.00" in words_of(page)
    data = {"key": hidden(page, "key"), "seen": hidden(page, "seen"), "amount": "2.50"}
    answers = [lead.post(address, data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Increment.objects.get().amount == eur(250)
    shown = words_of(lead.get(page_of(payment)))
    assert "The bank is being asked to hold more." in shown
    assert "+EUR 2.50" in shown


def test_the_story_tells_by_how_much_more_is_held(lead: Client) -> None:
    payment = authorized_payment(eur(1_000))
    increment = increment_authorization(payment_id=payment.pk, amount=eur(250), key=new_key())
    record_increment_result(increment_id=increment.pk, answer=operation_answer(increment), key="x")
    moments = lead.get(page_of(payment)).context["page"].moments
    told = {moment.title: moment.amount for moment in moments}
    assert told["The bank holds more"] == eur(250)
    assert "More is held by an authorization" not in told


@pytest.mark.parametrize("amount", ["0", "-1", "abc", "1,2,3", "", "9" * 30])
def test_an_increase_that_makes_no_sense_is_refused_with_the_form(
    lead: Client, amount: str
) -> None:
    payment = authorized_payment(eur(1_000))
    answer = sent(lead, page_of(payment, "increments/new/"), amount=amount)
    assert getattr(answer, "status_code", 0) in (400, 409)
    assert Increment.objects.count() == 0


def test_an_increase_on_a_stale_page_says_what_is_held_now(lead: Client) -> None:
    payment = authorized_payment(eur(1_000))
    address = page_of(payment, "increments/new/")
    page = lead.get(address)
    data = {"key": hidden(page, "key"), "seen": "900", "amount": "2.50"}
    answer = lead.post(address, data)
    assert answer.status_code == 409
    assert "it was EUR 9.00 and is EUR 10.00 now" in words_of(answer)


def test_a_lead_takes_a_capture_back_and_the_page_says_that_it_is_no_refund(lead: Client) -> None:
    payment = authorized_payment(eur(1_000))
    capture = fresh_capture(payment, 1_000)
    address = page_of(payment, f"captures/{capture.pk}/void/new/")
    assert address in lead.get(page_of(payment)).content.decode()
    page = lead.get(address)
    assert "so this is no refund" in words_of(page)
    assert getattr(sent(lead, address), "status_code", 0) == 302
    assert Capture.objects.get().status == "voiding"
    again = lead.get(address)
    assert "It is being voided." in words_of(again)


def test_a_settled_capture_says_why_it_cannot_be_taken_back(lead: Client) -> None:
    payment = captured_payment()
    capture = Capture.objects.get()
    page = lead.get(page_of(payment, f"captures/{capture.pk}/void/new/"))
    assert "It has been settled: refund instead." in words_of(page)
    posted = lead.post(page_of(payment, f"captures/{capture.pk}/void/new/"), {"key": new_uuid()})
    assert posted.status_code == 409


def new_uuid() -> str:
    import uuid

    return str(uuid.uuid4())


def test_a_capture_of_another_payment_is_not_found_under_this_one(lead: Client) -> None:
    one, other = captured_payment(), captured_payment()
    capture = Capture.objects.get(payment=other)
    answer = lead.get(page_of(one, f"captures/{capture.pk}/void/new/"))
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["increments/new/", "captures/new/"])
def test_an_agent_is_not_let_in_and_the_try_is_on_record(agent: Client, path: str) -> None:
    payment = authorized_payment()
    answer = agent.post(page_of(payment, path), {"amount": "1", "key": new_uuid(), "seen": "1"})
    assert answer.status_code == 403
    assert LogEntry.objects.filter(outcome="denied", event__startswith="access.payments").exists()


def test_a_partial_approval_is_shown_plainly(agent: Client) -> None:
    payment = answer_attempt(new_payment(eur(1_000)), "partially_authorized", approved=eur(600))
    words = words_of(agent.get(page_of(payment)))
    assert "The bank approved only EUR 6.00 of EUR 10.00" in words


def test_an_answer_that_does_not_fit_is_shown_with_what_was_answered(agent: Client) -> None:
    payment = answer_attempt(new_payment(eur(1_000)), amount=eur(1_001), approved=eur(1_001))
    words = words_of(agent.get(page_of(payment)))
    assert "The provider spoke of EUR 10.01 instead." in words
    assert "a person must look" in words


def test_a_refund_that_came_back_says_so_and_may_be_refunded_again(agent: Client) -> None:
    payment = captured_payment(eur(1_000))
    refund = answer_refund(requested_refund(payment, eur(300)))
    answer_refund(refund, "failed", failure_code="expired_or_canceled_card")
    words = words_of(agent.get(page_of(payment)))
    assert "Came back" in words
    assert "Refund came back" in words
    assert Payment.objects.get(pk=payment.pk).refundable == eur(1_000)


# What expires


def expiring_in(minor: int, **time: int) -> Payment:
    payment = new_payment(eur(minor))
    return answer_attempt(payment, expires_at=clock.now() + timedelta(**time))


def rows_of(browser: Client, within: str = "") -> list[str]:
    page = browser.get(f"/payments/expiring/?within={within}")
    return re.findall(r"data-row-link>\s*(P-[0-9A-F]+)", page.content.decode())


def test_what_expires_is_shown_soonest_first_and_by_window(lead: Client) -> None:
    week, day, soon = (
        expiring_in(1_000, days=5),
        expiring_in(2_000, hours=20),
        expiring_in(3_000, hours=2),
    )
    expiring_in(4_000, days=20)
    captured_payment()
    assert rows_of(lead) == [soon.reference, day.reference, week.reference]
    assert rows_of(lead, "24h") == [soon.reference, day.reference]
    assert rows_of(lead, "6h") == [soon.reference]
    assert rows_of(lead, "nonsense") == rows_of(lead, "7d")
    words = words_of(lead.get("/payments/expiring/"))
    assert "lost within 6 hours EUR 30.00" in words
    assert "lost within 24 hours EUR 50.00" in words
    assert "lost within 7 days EUR 60.00" in words


def test_only_what_is_left_of_a_partial_capture_counts(lead: Client) -> None:
    payment = expiring_in(1_000, hours=2)
    fresh_capture(payment, 300)
    assert "lost within 6 hours EUR 7.00" in words_of(lead.get("/payments/expiring/"))
    fresh_capture(payment, 700)
    assert rows_of(lead) == []


def test_the_board_offers_what_one_may_do(agent: Client, lead: Client) -> None:
    payment = expiring_in(1_000, hours=2)
    assert page_of(payment, "captures/new/") in lead.get("/payments/expiring/").content.decode()
    shown = agent.get("/payments/expiring/")
    assert page_of(payment, "captures/new/") not in shown.content.decode()
    assert "Your role does not capture payments." in words_of(shown)


@pytest.mark.parametrize("address", ["/payments/expiring/?after=nonsense", "/payments/expiring/?x"])
def test_an_address_that_names_no_page_shows_the_first(lead: Client, address: str) -> None:
    assert lead.get(address).status_code == 200


# What is unknown


def test_what_is_unknown_is_listed_and_what_needs_a_person_comes_first(agent: Client) -> None:
    asked = new_payment()
    record_authorization_lost(attempt_id=Attempt.objects.get(payment=asked).pk)
    odd = answer_attempt(new_payment(eur(500)), amount=eur(501), approved=eur(501))
    given_up = captured_payment()
    refund = requested_refund(given_up, eur(100))
    for _ in range(9):
        record_refund_lost(refund_id=refund.pk)
    page = agent.get("/payments/unsettled/")
    shown = re.findall(r"data-row-link>\s*(P-[0-9A-F]+)", page.content.decode())
    assert shown == [odd.reference, given_up.reference, asked.reference]
    assert "answered: EUR 5.01" in words_of(page)
    assert words_of(page).count("A person must look") == 2


def lost_payment(minor: int) -> Payment:
    payment = new_payment(eur(minor))
    record_authorization_lost(attempt_id=Attempt.objects.get(payment=payment).pk)
    return payment


def pages_of(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(keyset, "SIZE", size)
    for one in (keyset.take, keyset.merge):
        monkeypatch.setitem(one.__kwdefaults__ or {}, "size", size)


def shown_on(page: Any) -> list[str]:
    return re.findall(r"data-row-link>\s*(P-[0-9A-F]+)", page.content.decode())


def test_pages_of_what_is_unknown_hold_each_row_once_and_lead_back(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages_of(monkeypatch, 3)
    made = [lost_payment(1_000 + number).reference for number in range(8)]
    capture = captured_payment()
    refund = requested_refund(capture, eur(100))
    record_refund_lost(refund_id=refund.pk)
    page = agent.get("/payments/unsettled/")
    pages = [shown_on(page)]
    while (link := page.context["pager"].next_url) is not None:
        page = agent.get(link)
        pages.append(shown_on(page))
    assert [len(one) for one in pages] == [3, 3, 3]
    assert [one for shown in pages for one in shown] == [*made, capture.reference]
    back = []
    while (link := page.context["pager"].previous_url) is not None:
        page = agent.get(link)
        back.append(shown_on(page))
    assert back == [pages[1], pages[0]]


def test_more_that_needs_a_person_has_pages_of_its_own(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages_of(monkeypatch, 2)
    odd = [
        answer_attempt(new_payment(eur(500)), amount=eur(501), approved=eur(501)).reference
        for _number in range(3)
    ]
    asked = lost_payment(700)
    page = agent.get("/payments/unsettled/")
    assert shown_on(page) == odd[:2]
    assert 'href="?who=person"' in page.content.decode()
    assert shown_on(agent.get(page.context["pager"].next_url)) == [asked.reference]
    page = agent.get("/payments/unsettled/?who=person")
    assert shown_on(page) == odd[:2]
    assert shown_on(agent.get(page.context["pager"].next_url)) == odd[2:]


def test_a_person_has_the_provider_asked_from_the_list_and_from_the_page(agent: Client) -> None:
    payment = new_payment()
    record_authorization_lost(attempt_id=Attempt.objects.get(payment=payment).pk)
    assert "Ask the provider now" in words_of(agent.get(page_of(payment)))
    answer = agent.post(page_of(payment, "inquiries/"), {"from": "unsettled"})
    assert (answer.status_code, answer["Location"]) == (302, "/payments/unsettled/")
    answer = agent.post(page_of(payment, "inquiries/"))
    assert answer["Location"] == page_of(payment)
    assert Message.objects.filter(task="payments.inquire").count() == 2
    entry = LogEntry.objects.filter(event="payments.inquiry.requested")[0]
    assert (entry.actor_kind, entry.outcome) == ("user", "done")


def test_nothing_is_asked_about_what_is_settled(agent: Client) -> None:
    payment = captured_payment()
    assert agent.post(page_of(payment, "inquiries/")).status_code == 409
    assert "Ask the provider now" not in words_of(agent.get(page_of(payment)))


@pytest.mark.parametrize("address", ["/payments/expiring/", "/payments/unsettled/"])
def test_a_full_board_takes_few_statements(lead: Client, address: str) -> None:
    for number in range(8):
        expiring_in(1_000 + number, hours=2)
        lost = new_payment()
        record_authorization_lost(attempt_id=Attempt.objects.get(payment=lost).pk)
    lead.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert lead.get(address).status_code == 200
    assert len(queries) <= MOST_QUERIES


@pytest.mark.parametrize("address", ["/payments/expiring/", "/payments/unsettled/"])
def test_an_empty_board_says_so(lead: Client, address: str) -> None:
    words = words_of(lead.get(address))
    assert "Nothing ends within this time" in words or "Everything is known" in words

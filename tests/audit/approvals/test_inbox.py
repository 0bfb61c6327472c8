"""The inbox: what waits, for whom, and what the list costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import clock, modes
from audit.actor import acting_as, operator
from audit.approvals.models import Approval
from audit.models import LogEntry, Outcome
from config.access.models import User
from payments.commands.refunds import withdraw_refund
from payments.models import Payment
from tests.audit.approvals.conftest import LEAD_LIMIT, Ask
from tests.audit.people import as_actor, browser_of, hire
from tests.payments import builders

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12


def listed(answer: Any) -> list[str]:
    """The requests of a page in its order, by id."""
    return re.findall(
        r'href="/approvals/([0-9a-f-]{36})/"\s+data-row-link', answer.content.decode()
    )


def link(answer: Any, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}"\s+href="([^"]+)"', answer.content.decode())
    return found[1].replace("&amp;", "&") if found else None


def test_inbox_shows_what_waits_with_who_asked_amount_and_reason(ask: Ask, lead: User) -> None:
    approval = ask(2_000, comment="Parcel lost")
    page = browser_of(lead).get("/approvals/").content.decode()
    assert approval.subject_reference in page
    for words in ("Agathe Morel", "EUR\xa020.00", "Parcel lost", "Decide"):
        assert words in page
    assert "agathe@house.test" not in page
    assert f'href="/approvals/{approval.pk}/subject/"' in page


@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize("tab", ["waiting", "decided"])
def test_request_of_the_other_mode_than_the_desk_is_marked(
    lead: User, agent: User, is_live: bool, tab: str
) -> None:
    with acting_as(operator("test")):
        merchant = builders.make_merchant(is_live=is_live)
        customer = builders.make_customer(merchant, is_live=is_live)
        card = builders.make_card(merchant, customer, is_live=is_live)
        payment = builders.captured_payment(
            merchant=merchant, customer=customer, card=card, is_live=is_live
        )
    with acting_as(as_actor(agent)):
        refund = builders.requested_refund(payment, builders.eur(2_000))
        if tab == "decided":
            withdraw_refund(subject_id=refund.pk)
    browser = browser_of(lead)
    for mode in ("live", "test"):
        browser.post("/mode/", {"mode": mode})
        page = browser.get(f"/approvals/?tab={tab}").content.decode()
        marks = re.findall(r">(Live|Test)</span>", page)
        other = "Live" if is_live else "Test"
        assert marks == ([] if mode == modes.word_of(is_live) else [other])


def test_own_request_is_marked_and_says_why_one_cannot_decide(ask: Ask, lead: User) -> None:
    approval = ask(LEAD_LIMIT + 1, by=lead)
    page = browser_of(lead).get("/approvals/").content.decode()
    assert ">Yours<" in page
    assert re.search(rf'disabled\s+aria-describedby="why-{approval.pk}"', page)
    assert "another person must decide" in page


def test_button_of_who_may_not_decide_tells_the_reason(ask: Ask, lead: User) -> None:
    ask(LEAD_LIMIT + 1)
    assert b"above your own limit" in browser_of(lead).get("/approvals/").content
    auditor = hire("Ada Lund", "auditor")
    assert b"Your role does not decide" in browser_of(auditor).get("/approvals/").content


def test_oldest_request_waits_first_and_newest_decided_stands_first(ask: Ask, lead: User) -> None:
    old, new = ask(1_000), ask(2_000)
    browser = browser_of(lead)
    assert listed(browser.get("/approvals/")) == [str(old.pk), str(new.pk)]
    assert listed(browser.get("/approvals/?tab=decided")) == []
    for approval in (old, new):
        browser.post(
            f"/approvals/{approval.pk}/decision/new/",
            {"verdict": "reject", "key": approval.pk, "note": ""},
        )
    assert listed(browser.get("/approvals/")) == []
    answer = browser.get("/approvals/?tab=decided")
    assert listed(answer) == [str(new.pk), str(old.pk)]
    assert b"Lena Brandt" in answer.content


def test_empty_inbox_says_so(lead: User) -> None:
    browser = browser_of(lead)
    assert b"Nothing waits for a decision" in browser.get("/approvals/").content
    assert b"Nothing has been decided yet" in browser.get("/approvals/?tab=decided").content


def test_inbox_is_closed_to_a_role_without_the_permission(ask: Ask) -> None:
    approval = ask()
    browser = browser_of(hire("Fay Nord", "fraud_analyst"))
    for path in ("/approvals/", f"/approvals/{approval.pk}/", f"/approvals/{approval.pk}/subject/"):
        assert browser.get(path).status_code == 403
    for noun in ("decision", "withdrawal"):
        assert browser.post(f"/approvals/{approval.pk}/{noun}/new/").status_code == 403


def test_looks_at_requests_are_on_record(ask: Ask, lead: User) -> None:
    approval = ask()
    browser = browser_of(lead)
    browser.get("/approvals/")
    browser.get(f"/approvals/{approval.pk}/")
    looked = LogEntry.objects.get(event="access.approvals.inbox")
    assert (looked.actor_id, looked.outcome) == (lead.pk, Outcome.DONE)
    assert looked.additional_data["ids"] == [str(approval.pk)]
    read = LogEntry.objects.get(event="access.approvals.detail")
    assert read.object_pk == str(approval.pk)


def test_pages_of_the_inbox_neither_repeat_nor_lose_requests_of_one_moment(
    ask: Ask, lead: User
) -> None:
    with clock.at(clock.now() - timedelta(hours=1)):
        made = {str(ask(100).pk) for _ in range(55)}
    browser = browser_of(lead)
    with CaptureQueriesContext(connection) as asked:
        first = browser.get("/approvals/")
    assert len(asked) <= MOST_QUERIES, [one["sql"][:90] for one in asked]
    assert not any("COUNT(" in one["sql"] for one in asked)
    url = link(first, "next")
    assert url
    second = browser.get(url)
    assert (len(listed(first)), len(listed(second))) == (50, 5)
    assert {*listed(first), *listed(second)} == made
    back = link(second, "prev")
    assert back
    assert listed(browser.get(back)) == listed(first)
    assert link(second, "next") is None


def test_page_of_the_decided_keeps_its_tab(ask: Ask, agent: User, lead: User) -> None:
    for _ in range(51):
        approval = ask(100)
        with acting_as(as_actor(agent)):
            withdraw_refund(subject_id=approval.subject_id)
    browser = browser_of(lead)
    url = link(browser.get("/approvals/?tab=decided"), "next")
    assert url
    assert "tab=decided" in url
    assert len(listed(browser.get(url))) == 1


def test_address_of_no_page_shows_the_first(ask: Ask, lead: User) -> None:
    approval = ask()
    answer = browser_of(lead).get("/approvals/?after=nonsense")
    assert listed(answer) == [str(approval.pk)]


def test_link_to_the_subject_leads_to_the_payment(ask: Ask, lead: User, payment: Payment) -> None:
    approval = ask()
    answer = browser_of(lead).get(f"/approvals/{approval.pk}/subject/")
    assert answer.status_code == 302
    assert answer["Location"] == f"/payments/{payment.pk}/"


def test_expired_request_cannot_be_decided_and_says_so(ask: Ask, lead: User) -> None:
    with clock.at(clock.now() - timedelta(days=8)):
        approval = ask()
    page = Client()
    page = browser_of(lead)
    assert b"This request has expired" in page.get("/approvals/").content
    answer = page.post(
        f"/approvals/{approval.pk}/decision/new/", {"verdict": "approve", "key": approval.pk}
    )
    assert answer.status_code == 403
    with acting_as(operator("test")):
        assert Approval.objects.get(pk=approval.pk).status == Approval.Status.PENDING

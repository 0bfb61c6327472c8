"""Deciding through the pages: by the right person, by the wrong one, twice, and too late."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from audit import clock
from audit.actor import acting_as
from audit.approvals.models import Approval
from audit.models import LogEntry, Outcome
from audit.outbox.models import Message
from config.access.models import User
from payments.commands.refunds import reject_refund, withdraw_refund
from payments.models import Payment, Refund
from tests.audit.approvals.conftest import LEAD_LIMIT, Ask
from tests.audit.people import PASSWORD, as_actor, browser_of, hire

pytestmark = pytest.mark.django_db

# Luhn-valid and public, put together here so that no file holds it.
CARD_NUMBER = "4111" + " 1111" * 3


def decide(browser: Client, approval: Approval, verdict: str, **more: Any) -> Any:
    return browser.post(
        f"/approvals/{approval.pk}/decision/new/",
        {"verdict": verdict, "note": "", "key": str(uuid.uuid4()), **more},
    )


def status_of(approval: Approval) -> str:
    return Approval.objects.get(pk=approval.pk).status


def refund_of(approval: Approval) -> Refund:
    return Refund.objects.get(pk=approval.subject_id)


def sent(approval: Approval) -> int:
    messages = Message.objects.filter(task="payments.send_refund")
    return sum(one.kwargs["refund_id"] == str(approval.subject_id) for one in messages)


def test_page_shows_amount_reason_history_effect_and_both_buttons(ask: Ask, lead: User) -> None:
    approval = ask(2_000, comment="Parcel lost")
    page = browser_of(lead).get(f"/approvals/{approval.pk}/").content.decode()
    for words in ("EUR\xa020.00", "Parcel lost", "Agathe Morel", "sent back to the customer"):
        assert words in page
    assert len(re.findall(r'name="verdict"', page)) == 2
    assert re.search(r'type="hidden" name="key" value="[0-9a-f-]{36}"', page)


def test_lead_approves_with_what_the_page_carries(ask: Ask, lead: User) -> None:
    approval = ask(2_000)
    browser = browser_of(lead)
    page = browser.get(f"/approvals/{approval.pk}/").content.decode()
    key = re.search(r'name="key" value="([0-9a-f-]{36})"', page)
    action = re.search(r'action="(/approvals/[^"]*/decision/new/)"', page)
    assert key
    assert action
    answer = browser.post(
        action[1], {"verdict": "approve", "key": key[1], "note": "Checked"}, follow=True
    )
    assert answer.redirect_chain == [(f"/approvals/{approval.pk}/", 302)]
    assert f"{approval.subject_reference}: approved." in answer.content.decode()
    now = Approval.objects.get(pk=approval.pk)
    assert (now.status, now.decided_by_id, now.note) == ("approved", lead.pk, "Checked")
    assert refund_of(approval).status == Refund.Status.PENDING
    assert sent(approval) == 1
    entry = LogEntry.objects.get(event="approvals.approval.approved")
    assert entry.actor_id == lead.pk
    assert "Checked" not in str(entry.changes)


def test_lead_rejects_and_the_amount_is_free_again(ask: Ask, lead: User, payment: Payment) -> None:
    approval = ask(2_000)
    answer = decide(browser_of(lead), approval, "reject", note="Not ours")
    assert answer.status_code == 302
    assert status_of(approval) == "rejected"
    assert refund_of(approval).status == Refund.Status.REJECTED
    assert Payment.objects.get(pk=payment.pk).refund_pending_minor == 0
    assert sent(approval) == 0


def test_old_proof_is_asked_for_again_and_the_note_comes_back(ask: Ask, lead: User) -> None:
    approval = ask(2_000)
    browser = browser_of(lead)
    page = f"/approvals/{approval.pk}/"
    with clock.at(clock.now() + timedelta(minutes=11)):
        answer = decide(browser, approval, "approve", note="Seen the parcel slip")
        assert answer["Location"].startswith("/accounts/reauthenticate/?next=")
        assert status_of(approval) == "pending"
        proof = {"password": PASSWORD, "next": f"{page}decision/new/"}
        answer = browser.post("/accounts/reauthenticate/", proof, follow=True)
        assert [url for url, _ in answer.redirect_chain] == [f"{page}decision/new/", page]
        assert answer.context["form"]["note"].value() == "Seen the parcel slip"
        assert answer.context["withdrawal_form"]["note"].value() is None
        assert status_of(approval) == "pending"
        assert decide(browser, approval, "approve").status_code == 302
    assert status_of(approval) == "approved"


def test_requester_cannot_decide_and_the_note_is_not_lost(ask: Ask, lead: User) -> None:
    approval = ask(LEAD_LIMIT + 1, by=lead)
    for verdict in ("approve", "reject"):
        answer = decide(browser_of(lead), approval, verdict, note="All is well")
        assert answer.status_code == 403
        page = answer.content.decode()
        assert "another person must decide" in page
        assert "All is well" in page
    assert status_of(approval) == "pending"
    denied = LogEntry.objects.filter(outcome=Outcome.DENIED, actor=lead)
    assert {"payments.refund.approved", "payments.refund.rejected"} <= {one.event for one in denied}


def test_agent_cannot_decide_on_anything(ask: Ask) -> None:
    approval = ask(2_000)
    other = hire("Olle Vik", "support_agent")
    answer = decide(browser_of(other), approval, "approve")
    assert answer.status_code == 403
    assert b"Your role does not decide" in answer.content
    assert (status_of(approval), sent(approval)) == ("pending", 0)


def test_amount_above_the_own_limit_is_refused(ask: Ask, lead: User) -> None:
    approval = ask(LEAD_LIMIT + 1)
    answer = decide(browser_of(lead), approval, "approve")
    assert answer.status_code == 403
    assert b"above your own limit" in answer.content
    assert status_of(approval) == "pending"


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_second_click_on_the_same_button_is_no_mistake(ask: Ask, lead: User, verdict: str) -> None:
    approval = ask(2_000)
    browser, key = browser_of(lead), str(uuid.uuid4())
    first = decide(browser, approval, verdict, key=key)
    again = decide(browser, approval, verdict, key=key)
    assert (first.status_code, again.status_code) == (302, 302)
    assert sent(approval) == (1 if verdict == "approve" else 0)
    assert (
        LogEntry.objects.filter(object_pk=str(approval.pk), changes__has_key="status").count() == 2
    )


def test_stale_page_tells_that_it_was_already_decided_and_by_whom(ask: Ask, lead: User) -> None:
    approval = ask(2_000)
    other = hire("Kim Reed", "support_lead")
    browser = browser_of(other)
    with acting_as(as_actor(lead)):
        reject_refund(subject_id=approval.subject_id)
    answer = decide(browser, approval, "approve", note="Fine by me")
    assert answer.status_code == 409
    page = answer.content.decode()
    for words in ("This was already decided.", "Lena Brandt", "Fine by me"):
        assert words in page
    assert status_of(approval) == "rejected"
    assert sent(approval) == 0


def test_two_leads_who_both_approve_send_it_once_and_the_second_is_told(
    ask: Ask, lead: User
) -> None:
    approval = ask(2_000)
    other = hire("Kim Reed", "support_lead")
    decide(browser_of(lead), approval, "approve")
    browser = browser_of(other)
    assert decide(browser, approval, "approve").status_code == 302
    page = browser.get(f"/approvals/{approval.pk}/").content.decode()
    assert "Somebody else was faster" in page
    assert "approved.</div>" not in page
    assert sent(approval) == 1
    assert Approval.objects.get(pk=approval.pk).decided_by_id == lead.pk


def test_approving_after_a_rejection_by_oneself_is_refused(ask: Ask, lead: User) -> None:
    approval = ask(2_000)
    browser = browser_of(lead)
    decide(browser, approval, "reject")
    assert decide(browser, approval, "approve").status_code == 409
    assert status_of(approval) == "rejected"


def test_card_number_in_the_note_is_refused(ask: Ask, lead: User) -> None:
    approval = ask(2_000)
    answer = decide(browser_of(lead), approval, "approve", note=f"card {CARD_NUMBER}")
    assert answer.status_code == 400
    assert b"looks like a card number" in answer.content
    assert status_of(approval) == "pending"


@pytest.mark.parametrize(
    "given", [{"verdict": "maybe"}, {"key": "not-a-key"}, {"key": ""}, {"note": "x" * 501}]
)
def test_form_that_was_tampered_with_decides_nothing(
    ask: Ask, lead: User, given: dict[str, str]
) -> None:
    approval = ask(2_000)
    answer = decide(browser_of(lead), approval, **{"verdict": "approve", **given})
    assert answer.status_code == 400
    assert status_of(approval) == "pending"


def test_requester_withdraws(ask: Ask, agent: User) -> None:
    approval = ask(2_000)
    browser = browser_of(agent)
    page = browser.get(f"/approvals/{approval.pk}/").content.decode()
    assert "Withdraw the request" in page
    url = f"/approvals/{approval.pk}/withdrawal/new/"
    for _ in range(2):
        answer = browser.post(url, {"withdrawal-note": "Customer called back"})
        assert (answer.status_code, answer["Location"]) == (302, f"/approvals/{approval.pk}/")
    now = Approval.objects.get(pk=approval.pk)
    assert (now.status, now.note) == ("withdrawn", "Customer called back")
    assert refund_of(approval).status == Refund.Status.WITHDRAWN


def test_nobody_else_withdraws(ask: Ask, lead: User) -> None:
    approval = ask(2_000)
    browser = browser_of(lead)
    assert b"Withdraw the request" not in browser.get(f"/approvals/{approval.pk}/").content
    answer = browser.post(f"/approvals/{approval.pk}/withdrawal/new/", {"withdrawal-note": ""})
    assert answer.status_code == 403
    assert b"Only the person who asked" in answer.content
    assert status_of(approval) == "pending"


def test_withdrawn_request_cannot_be_approved(ask: Ask, agent: User, lead: User) -> None:
    approval = ask(2_000)
    with acting_as(as_actor(agent)):
        withdraw_refund(subject_id=approval.subject_id)
    answer = decide(browser_of(lead), approval, "approve")
    assert answer.status_code == 409
    assert sent(approval) == 0


def test_page_that_comes_back_with_a_refusal_is_a_look_on_record(ask: Ask, lead: User) -> None:
    approval = ask(2_000)
    decide(browser_of(lead), approval, "approve", key="not-a-key")
    looked = LogEntry.objects.get(event="access.approvals.decision")
    assert (looked.actor_id, looked.object_pk) == (lead.pk, str(approval.pk))


@pytest.mark.parametrize("noun", ["decision", "withdrawal"])
def test_get_of_a_decision_changes_nothing_and_leads_to_the_page(
    ask: Ask, lead: User, noun: str
) -> None:
    approval = ask(2_000)
    answer = browser_of(lead).get(f"/approvals/{approval.pk}/{noun}/new/?verdict=approve")
    assert (answer.status_code, answer["Location"]) == (302, f"/approvals/{approval.pk}/")
    assert status_of(approval) == "pending"


def test_request_that_is_not_there_is_not_found(lead: User) -> None:
    browser, nowhere = browser_of(lead), f"/approvals/{uuid.uuid4()}/"
    assert browser.get(nowhere).status_code == 404
    assert browser.post(f"{nowhere}decision/new/").status_code == 404

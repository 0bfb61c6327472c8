"""Who asked is told what became of it, wherever he is, until he puts it away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit import clock
from audit.actor import acting_as, system
from audit.approvals.commands import notice_outcome
from audit.approvals.models import Approval
from audit.approvals.tasks import expire
from audit.errors import Refusal
from audit.models import LogEntry
from config.access.models import User
from payments.commands.refunds import approve_refund, reject_refund, withdraw_refund
from tests.audit.approvals.conftest import Ask
from tests.audit.people import as_actor, browser_of
from tests.payments.builders import new_key
from tests.payments.pages import words_of

pytestmark = pytest.mark.django_db


def decide(approval: Approval, lead: User, *, approve: bool, note: str = "") -> None:
    with acting_as(as_actor(lead)):
        if approve:
            approve_refund(subject_id=approval.subject_id, key=new_key(), note=note)
        else:
            reject_refund(subject_id=approval.subject_id, note=note)


@pytest.mark.parametrize("approve", [True, False])
def test_an_outcome_is_told_on_every_page_until_it_is_put_away(
    ask: Ask, agent: User, lead: User, approve: bool
) -> None:
    approval = ask(2_000)
    browser = browser_of(agent)
    said = "was approved by Lena Brandt." if approve else "was rejected by Lena Brandt."
    assert said not in words_of(browser.get("/payments/"))
    decide(approval, lead, approve=approve, note="Parcel found")
    for url in ("/payments/", "/approvals/", f"/approvals/{approval.pk}/"):
        words = words_of(browser.get(url))
        assert f"Refund {approval.subject_reference} {said} Parcel found" in words, url
    assert said not in words_of(browser_of(lead).get("/payments/"))
    answer = browser.post(f"/approvals/{approval.pk}/notice/new/", {"next": "/payments/"})
    assert (answer.status_code, answer["Location"]) == (302, "/payments/")
    assert said not in words_of(browser.get("/payments/"))
    before = LogEntry.objects.filter(event="approvals.outcome.noticed").count()
    assert browser.post(f"/approvals/{approval.pk}/notice/new/").status_code == 302
    assert LogEntry.objects.filter(event="approvals.outcome.noticed").count() == before == 1


def test_one_that_lapsed_is_told_too_and_one_withdrawn_is_not(ask: Ask, agent: User) -> None:
    with clock.at(clock.now() - timedelta(days=8)):
        ask(2_000)
    with acting_as(system("test")):
        expire()
    browser = browser_of(agent)
    assert "has lapsed: nobody decided in time." in words_of(browser.get("/payments/"))
    mine = ask(2_100)
    with acting_as(as_actor(agent)):
        withdraw_refund(subject_id=mine.subject_id)
    assert mine.subject_reference not in words_of(browser.get("/approvals/"))


def test_nobody_puts_away_what_another_is_told(ask: Ask, agent: User, lead: User) -> None:
    approval = ask(2_000)
    with acting_as(as_actor(agent)), pytest.raises(Refusal, match="not_decided"):
        notice_outcome(approval_id=approval.pk)
    decide(approval, lead, approve=True)
    with acting_as(as_actor(lead)), pytest.raises(Refusal, match="not_yours"):
        notice_outcome(approval_id=approval.pk)
    approval.refresh_from_db()
    assert approval.noticed_at is None


@pytest.mark.parametrize("back", ["https://evil.test/", "//evil.test", "javascript:alert(1)", "\0"])
def test_the_way_back_stays_in_the_house(ask: Ask, agent: User, lead: User, back: str) -> None:
    approval = ask(2_000)
    decide(approval, lead, approve=True)
    answer = browser_of(agent).post(f"/approvals/{approval.pk}/notice/new/", {"next": back})
    assert answer["Location"] == f"/approvals/{approval.pk}/"

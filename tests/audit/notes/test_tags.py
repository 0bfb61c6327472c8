"""Tags: put on and taken off, from a list that administrators edit."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.utils import translation

from audit.actor import acting_as, operator
from audit.errors import Refusal
from audit.models import LogEntry
from audit.notes.commands import put_tag, take_tag
from audit.notes.models import Tag, Tagging
from audit.notes.queries import get_board
from config.access.models import User
from payments.models import Payment
from tests.audit.people import as_actor, browser_of, hire
from tests.payments.builders import captured_payment
from tests.payments.pages import page_of, words_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def payment() -> Payment:
    with acting_as(operator("test")):
        Tag.objects.create(code="callback", label="Call back", label_fr="Rappeler", tone="blue")
        Tag.objects.create(code="old", label="Old", is_active=False, position=2)
        return captured_payment()


@pytest.fixture
def agent() -> User:
    return hire("Agathe Morel", "support_agent")


def tags_on(payment: Payment, person: User) -> list[str]:
    board = get_board("payment", payment.pk, as_actor(person))
    return [tag.code for tag in board.tags_on]


def test_a_tag_goes_on_and_off_and_each_is_on_record_once(payment: Payment, agent: User) -> None:
    with acting_as(as_actor(agent)):
        for _twice in range(2):
            put_tag(kind="payment", subject_id=payment.pk, code="callback")
        assert tags_on(payment, agent) == ["callback"]
        for _twice in range(2):
            take_tag(kind="payment", subject_id=payment.pk, code="callback")
        assert tags_on(payment, agent) == []
        put_tag(kind="payment", subject_id=payment.pk, code="callback")
    assert Tagging.objects.count() == 1
    events = LogEntry.objects.filter(event__in=("notes.tag.put", "notes.tag.taken"))
    assert [one.event for one in events.order_by("timestamp", "effective_at")].count(
        "notes.tag.put"
    ) == 2


@pytest.mark.parametrize("code", ["old", "nothing"])
def test_a_tag_that_is_not_offered_is_refused(code: str, payment: Payment, agent: User) -> None:
    with acting_as(as_actor(agent)), pytest.raises(Refusal, match="tag_missing"):
        put_tag(kind="payment", subject_id=payment.pk, code=code)
    assert Tagging.objects.count() == 0


def test_a_tag_no_longer_offered_stays_and_can_be_taken_off(payment: Payment, agent: User) -> None:
    with acting_as(as_actor(agent)):
        put_tag(kind="payment", subject_id=payment.pk, code="callback")
    with acting_as(operator("test")):
        tag = Tag.objects.get(code="callback")
        tag.is_active = False
        tag.save()
    assert tags_on(payment, agent) == ["callback"]
    with acting_as(as_actor(agent)):
        take_tag(kind="payment", subject_id=payment.pk, code="callback")
    board = get_board("payment", payment.pk, as_actor(agent))
    assert (board.tags_on, board.tags_off) == ([], [])


def test_the_auditor_puts_nothing_on(payment: Payment) -> None:
    auditor = hire("Aurelio Brandt", "auditor")
    with acting_as(as_actor(auditor)), pytest.raises(Refusal, match="note_forbidden"):
        put_tag(kind="payment", subject_id=payment.pk, code="callback")


def test_on_the_page_a_tag_is_put_on_told_and_undone(payment: Payment, agent: User) -> None:
    browser = browser_of(agent)
    page = browser.get(page_of(payment)).content.decode()
    put = re.search(r'formaction="([^"]+)"', page)
    assert put is not None
    browser.post(put[1])
    answer = browser.get(page_of(payment))
    assert "Tag “Call back” put on." in words_of(answer)
    newest = answer.context["page"].moments[0]
    assert (newest.title, newest.detail) == ("Put a tag on", "Call back")
    undo = re.search(r'<form method="post" action="([^"]+/removal/new/)">', answer.content.decode())
    assert undo is not None
    browser.post(undo[1])
    assert tags_on(payment, agent) == []
    browser.cookies["django_language"] = "fr"
    browser.post(put[1])
    assert "Rappeler" in words_of(browser.get(page_of(payment)))

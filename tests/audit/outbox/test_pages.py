"""The page of the outbox: what waits, what is dead, and having it run again with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit import clock
from audit.actor import acting_as, system
from audit.command import command
from audit.models import LogEntry
from audit.outbox.commands import MOST_ATTEMPTS
from audit.outbox.delivery import deliver_due
from audit.outbox.models import Message
from audit.work import Work
from tests.audit.people import browser_of, hire
from tests.payments.pages import MOST_QUERIES, words_of

pytestmark = pytest.mark.django_db
LIST = "/outbox/"


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@command("toys.task.left")
def leave(work: Work, *, task: str) -> None:
    work.later(task, toy=uuid.uuid4())


def left(task: str = "toys.nobody") -> Message:
    with acting_as(system("test")):
        leave(task=task)
    return Message.objects.latest("made_at")


@pytest.fixture
def dead() -> Message:
    message = left()
    moment = clock.now()
    for _ in range(MOST_ATTEMPTS):
        moment += timedelta(hours=2)
        with clock.at(moment), acting_as(system("test")):
            deliver_due()
    message.refresh_from_db()
    assert message.status == Message.Status.DEAD
    return message


@pytest.fixture
def admin() -> Client:
    return browser_of(hire("Max Adler", "access_administrator"))


def retry_url(message: Message) -> str:
    return f"/outbox/{message.pk}/retry/new/"


def test_page_shows_each_state_with_its_count_within_its_statements(
    admin: Client, dead: Message
) -> None:
    left("toys.waits")
    admin.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        page = admin.get(LIST)
    assert len(queries) <= MOST_QUERIES
    words = words_of(page)
    assert "toys.waits" in words
    assert "Waiting 1 Running 0 Dead 1 Done 0" in words
    assert "toys.nobody" not in words
    page = admin.get(f"{LIST}?status=dead")
    assert "toys.nobody" in words_of(page)
    assert "no handler" in words_of(page)
    assert [(tab.status, tab.count) for tab in page.context["tabs"]] == [
        ("waiting", 1),
        ("leased", 0),
        ("dead", 1),
        ("done", 0),
    ]


def test_counts_stop_at_what_anybody_wants_to_know(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.outbox.views.MOST_COUNTED", 2)
    for _ in range(4):
        left()
    page = admin.get(LIST)
    assert page.context["tabs"][0].count == 3
    assert "more than 2" in words_of(page)


def test_backlog_that_nobody_works_on_is_said(admin: Client) -> None:
    left()
    assert "is a worker running" not in words_of(admin.get(LIST))
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert "is a worker running" in words_of(admin.get(LIST))


def test_dead_message_runs_again_and_the_reason_is_on_record(admin: Client, dead: Message) -> None:
    answer = admin.post(retry_url(dead), {"reason": "The provider is back"})
    assert answer["Location"] == "/outbox/?status=dead"
    dead.refresh_from_db()
    assert (dead.status, dead.attempts, dead.lease) == (Message.Status.WAITING, 0, None)
    entry = LogEntry.objects.get(event="outbox.message.revived")
    assert entry.additional_data["reason"] == "The provider is back"
    assert entry.actor_roles == ["access_administrator"]
    again = admin.post(retry_url(dead), {"reason": "Once more"})
    assert again.status_code == 409
    assert "not dead any more" in words_of(again)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "a\x00b", "4000 0566 " + "5566 5556"])
def test_retry_without_a_reason_that_can_be_kept_is_refused(
    admin: Client, dead: Message, reason: str
) -> None:
    answer = admin.post(retry_url(dead), {"reason": reason})
    assert answer.status_code == 400
    dead.refresh_from_db()
    assert dead.status == Message.Status.DEAD


def test_message_that_is_not_there_is_missing_and_a_live_one_has_no_button(admin: Client) -> None:
    assert admin.get(f"/outbox/{uuid.uuid4()}/retry/new/").status_code == 404
    assert "nothing to run again" in words_of(admin.get(retry_url(left())))


def test_auditor_looks_and_does_nothing(dead: Message) -> None:
    auditor = browser_of(hire("Eve Noll", "auditor"))
    page = auditor.get(f"{LIST}?status=dead")
    assert "Run again" not in words_of(page)
    assert auditor.post(retry_url(dead), {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("address", ["?status=x", "?after=x", "?status=%00", "?before=1-2"])
def test_strange_address_shows_what_waits(admin: Client, address: str) -> None:
    left("toys.waits")
    assert "toys.waits" in words_of(admin.get(LIST + address))

"""Many notes and many tags: panels show the latest, a board shows all, page by page."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import chain

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import clock, guard
from audit.actor import acting_as, operator
from audit.keyset import SIZE
from audit.notes.commands import add_note, correct_note, hide_note, put_tag
from audit.notes.models import Note, Tag
from audit.notes.queries import MOST_TAGS, SHOWN, get_board
from config.access.models import User
from payments.models import Payment
from tests.audit.people import as_actor, browser_of, hire
from tests.payments.builders import captured_payment, new_key
from tests.payments.pages import MOST_QUERIES

pytestmark = pytest.mark.django_db
TEXT = re.compile(r'<div class="note-text" dir="auto">\s*(note \d+|corrected)\s*<')
OLDER = re.compile(r'rel="next"\s+href="([^"]+)"')
MANY = SIZE + 5


@pytest.fixture
def agent() -> User:
    return hire("Agathe Morel", "support_agent")


@pytest.fixture
def payment() -> Payment:
    with acting_as(operator("test")):
        return captured_payment()


def write(agent: User, payment: Payment, many: int) -> list[Note]:
    """Notes, the first of them the oldest."""
    with acting_as(as_actor(agent)):
        notes = [
            add_note(kind="payment", subject_id=payment.pk, text=f"note {number}", key=new_key())
            for number in range(many)
        ]
    with guard.suspended():
        for number, note in enumerate(notes):
            at = clock.now() - timedelta(days=1, minutes=many - number)
            Note.objects.filter(pk=note.pk).update(made_at=at)
    return notes


def board_url(payment: Payment) -> str:
    return f"/notes/payment/{payment.pk}/"


def pages_of(browser: Client, url: str) -> list[list[str]]:
    """The notes of each page, from the newest on."""
    found = []
    while url:
        page = browser.get(url).content.decode()
        found.append(TEXT.findall(page))
        onward = OLDER.search(page)
        url = onward[1].replace("&amp;", "&") if onward else ""
    return found


def test_panel_shows_the_latest_notes_and_leads_to_all(agent: User, payment: Payment) -> None:
    write(agent, payment, SHOWN)
    browser = browser_of(agent)
    page = browser.get(f"/payments/{payment.pk}/").content.decode()
    assert TEXT.findall(page) == [f"note {number}" for number in reversed(range(SHOWN))]
    assert board_url(payment) + '">' not in page
    write(agent, payment, SHOWN + 1)
    page = browser.get(f"/payments/{payment.pk}/").content.decode()
    assert len(TEXT.findall(page)) == SHOWN
    assert f'<a href="{board_url(payment)}">All notes</a>' in page


def test_board_has_every_note_once_page_by_page(agent: User, payment: Payment) -> None:
    write(agent, payment, MANY)
    pages = pages_of(browser_of(agent), board_url(payment))
    assert [len(page) for page in pages] == [SIZE, MANY - SIZE]
    assert [*chain(*pages)] == [f"note {number}" for number in reversed(range(MANY))]


def test_correction_stands_once_with_first_words_of_another_page_beneath(
    agent: User, payment: Payment
) -> None:
    notes = write(agent, payment, MANY)
    with acting_as(as_actor(agent)):
        correct_note(note_id=notes[0].pk, text="corrected", key=new_key())
        hide_note(note_id=notes[1].pk)
    first, last = pages_of(browser_of(agent), board_url(payment))
    assert first[:2] == ["corrected", "note 0"]
    assert not {"note 0", "note 1"} & set(last)
    assert len(first) + len(last) == MANY


def test_note_of_an_older_page_can_be_corrected_until_it_was(agent: User, payment: Payment) -> None:
    notes = write(agent, payment, MANY)
    browser = browser_of(agent)
    url = reverse("notes:correction", args=[notes[0].pk])
    assert b"note 0" in browser.get(url).content
    with acting_as(as_actor(agent)):
        correct_note(note_id=notes[0].pk, text="corrected", key=new_key())
    assert browser.get(url).status_code == 302


def test_board_asks_as_few_queries_with_many_notes(agent: User, payment: Payment) -> None:
    notes = write(agent, payment, MANY)
    with acting_as(as_actor(agent)):
        correct_note(note_id=notes[0].pk, text="corrected", key=new_key())
    browser = browser_of(agent)
    browser.get(board_url(payment))
    with CaptureQueriesContext(connection) as queries:
        browser.get(board_url(payment))
    assert len(queries) <= MOST_QUERIES, [one["sql"][:120] for one in queries]
    assert "OFFSET" not in str([one["sql"] for one in queries])


def test_place_that_no_page_has_written_is_the_first_page(agent: User, payment: Payment) -> None:
    write(agent, payment, 1)
    page = browser_of(agent).get(board_url(payment) + "?after=nonsense").content.decode()
    assert "this is the first" in page
    assert TEXT.findall(page) == ["note 0"]


def test_tags_that_are_on_are_shown_though_more_are_offered_than_fit(
    agent: User, payment: Payment
) -> None:
    with guard.suspended():
        Tag.objects.bulk_create(
            Tag(code=f"tag-{number:03d}", label=f"Tag {number}", position=number)
            for number in range(MOST_TAGS + 20)
        )
    last = f"tag-{MOST_TAGS + 19:03d}"
    with acting_as(as_actor(agent)):
        put_tag(kind="payment", subject_id=payment.pk, code=last)
    board = get_board("payment", payment.pk, as_actor(agent))
    assert [one.code for one in board.tags_on] == [last]
    assert [one.code for one in board.tags_off][:2] == ["tag-000", "tag-001"]
    assert len(board.tags) == MOST_TAGS
    page = browser_of(agent).get(board_url(payment)).content.decode()
    assert "There are more: the first are offered." in page

"""Notes: written, corrected, hidden and brought back; sealed under the key of whom they concern."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import translation

from audit import clock
from audit.actor import acting_as, operator
from audit.encryption import forget_data_keys
from audit.errors import Refusal
from audit.flush import flush
from audit.models import LogEntry, SubjectKey
from audit.notes.commands import add_note, correct_note, hide_note, show_note
from audit.notes.models import Note
from audit.notes.policy import MOST_CHARACTERS, UNDO_FOR
from audit.notes.queries import get_board
from audit.work import Work
from config.access.models import User
from payments.models import Payment
from tests.audit.people import as_actor, browser_of, hire
from tests.payments.builders import captured_payment, make_card, make_merchant, new_key
from tests.payments.pages import hidden, page_of, words_of

pytestmark = pytest.mark.django_db
TEXT = "Odile Fontane called: the lamp came broken."


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def payment() -> Payment:
    with acting_as(operator("test")):
        return captured_payment()


@pytest.fixture
def agent() -> User:
    return hire("Agathe Morel", "support_agent")


@pytest.fixture
def lead() -> User:
    return hire("Lea Lund", "support_lead")


def write(person: User, payment: Payment, text: str = TEXT, key: str = "") -> Note:
    with acting_as(as_actor(person)):
        key = key or new_key()
        return add_note(kind="payment", subject_id=payment.pk, text=text, key=key)


def read(person: User, payment: Payment) -> list[str | None]:
    return [one.text for one in get_board("payment", payment.pk, as_actor(person)).notes]


def test_a_note_is_kept_sealed_and_read_by_colleagues(
    payment: Payment, agent: User, lead: User
) -> None:
    note = write(agent, payment)
    assert TEXT not in str(vars(Note.objects.get(pk=note.pk)))
    assert read(lead, payment) == [TEXT]
    entry = LogEntry.objects.get(event="notes.note.added")
    assert (entry.object_pk, entry.actor_id) == (str(note.pk), agent.pk)
    assert "Fontane" not in str(vars(entry))


def test_the_same_key_is_one_note(payment: Payment, agent: User) -> None:
    first = write(agent, payment, key="once")
    assert write(agent, payment, key="once").pk == first.pk
    with pytest.raises(Refusal, match="key_reused"):
        write(agent, payment, "Something else", key="once")
    assert Note.objects.count() == 1


def test_erasing_the_customer_takes_the_words_and_leaves_the_note(
    payment: Payment, agent: User
) -> None:
    write(agent, payment)
    assert payment.customer_id is not None
    destroy_key(payment.customer_id)
    assert read(agent, payment) == [None]
    page = words_of(browser_of(agent).get(page_of(payment)))
    assert "Erased with the person's data." in page
    with pytest.raises(Refusal, match="holder_erased"):
        write(agent, payment)


def destroy_key(holder_id: uuid.UUID) -> None:
    with acting_as(operator("test")) as actor, transaction.atomic():
        work = Work(actor, clock.now(), "test.erased")
        key = work.load_one(SubjectKey.objects.filter(pk=holder_id))
        work.change(key, wrapped="", destroyed_at=work.now)
        flush(work)
    forget_data_keys()


def test_a_payment_of_nobody_has_a_key_of_its_own(agent: User) -> None:
    from payments.commands.payments import create_payment
    from tests.payments.builders import eur

    with acting_as(operator("test")):
        merchant = make_merchant()
        card = make_card(merchant)
        payment = create_payment(
            merchant_id=merchant.pk, card_id=card.pk, amount=eur(100), key=new_key()
        )
    write(agent, payment)
    write(agent, payment, "And again.")
    assert read(agent, payment) == ["And again.", TEXT]
    assert SubjectKey.objects.filter(pk=payment.pk).count() == 1


def test_a_correction_stands_over_what_it_corrects(payment: Payment, agent: User) -> None:
    note = write(agent, payment)
    with acting_as(as_actor(agent)):
        second = correct_note(note_id=note.pk, text="The vase, not the lamp.", key=new_key())
        correct_note(note_id=second.pk, text="The vase came broken.", key=new_key())
    board = get_board("payment", payment.pk, as_actor(agent))
    assert [one.text for one in board.notes] == ["The vase came broken."]
    assert [one.text for one in board.notes[0].earlier] == ["The vase, not the lamp.", TEXT]
    with acting_as(as_actor(agent)), pytest.raises(Refusal, match="note_corrected"):
        correct_note(note_id=note.pk, text="Too late", key=new_key())


def test_only_the_author_corrects(payment: Payment, agent: User, lead: User) -> None:
    note = write(agent, payment)
    with acting_as(as_actor(lead)), pytest.raises(Refusal, match="note_not_yours"):
        correct_note(note_id=note.pk, text="No", key=new_key())
    assert Note.objects.count() == 1


def test_a_hidden_note_comes_back_for_a_while(payment: Payment, agent: User, lead: User) -> None:
    note = write(agent, payment)
    start = clock.now()
    with acting_as(as_actor(agent)):
        with clock.at(start):
            hide_note(note_id=note.pk)
            assert hide_note(note_id=note.pk).hidden_at == start
        assert read(agent, payment) == []
        with clock.at(start + UNDO_FOR - timedelta(seconds=1)):
            show_note(note_id=note.pk)
        assert read(agent, payment) == [TEXT]
        with clock.at(start):
            hide_note(note_id=note.pk)
        with clock.at(start + UNDO_FOR), pytest.raises(Refusal, match="note_stays_hidden"):
            show_note(note_id=note.pk)
    with acting_as(as_actor(lead)), clock.at(start + UNDO_FOR):
        show_note(note_id=note.pk)
    assert read(agent, payment) == [TEXT]
    events = LogEntry.objects.filter(object_pk=str(note.pk), outcome="done")
    assert sorted(events.values_list("event", flat=True)) == [
        "notes.note.added",
        "notes.note.hidden",
        "notes.note.hidden",
        "notes.note.shown",
        "notes.note.shown",
    ]


def test_another_agent_hides_nothing(payment: Payment, agent: User) -> None:
    note = write(agent, payment)
    other = hire("Bruno Petit", "support_agent")
    with acting_as(as_actor(other)), pytest.raises(Refusal, match="note_not_yours"):
        hide_note(note_id=note.pk)
    assert read(agent, payment) == [TEXT]


BAD = {
    "": "fill this in",
    "  \n ": "fill this in",
    "x" * (MOST_CHARACTERS + 1): "too long",
    "x" * (20 * MOST_CHARACTERS): "too long|at most",
    "a\0b": "cannot be kept|Null characters",
    "4000056655665556": "card number",
    "4000 0566 5566 5556": "card number",
    "4000\u00a00566\u00a05566\u00a05556": "card number",
    "４０００ ０５６６ ５５６６ ５５５６": "card number",
    "4000-0566\u200b-5566-5556": "card number",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_words_are_refused_with_a_line_and_nothing_is_written(
    text: str, payment: Payment, agent: User
) -> None:
    browser = browser_of(agent)
    changes = LogEntry.objects.exclude(event__startswith="access.")
    before = changes.count()
    answer = browser.post(f"/notes/payment/{payment.pk}/new/", {"text": text, "key": uuid.uuid4()})
    assert answer.status_code == 400
    assert re.search(BAD[text], words_of(answer)), words_of(answer)[:400]
    assert Note.objects.count() == 0
    assert changes.count() == before
    assert "0566 5566" not in str(list(LogEntry.objects.values()))


def test_bad_bytes_are_no_500(payment: Payment, agent: User) -> None:
    answer = browser_of(agent).post(
        f"/notes/payment/{payment.pk}/new/",
        b"key=x&text=%ff%fe%c3%28",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 400
    assert Note.objects.count() == 0


@pytest.mark.parametrize(
    "text", ["שלום עולם \u202eabc", "🎁 Geschenk 🧾", "a <script>alert(1)</script>"]
)
def test_every_script_is_kept_and_shown_as_text(text: str, payment: Payment, agent: User) -> None:
    browser = browser_of(agent)
    sent = {"text": text, "key": uuid.uuid4()}
    assert browser.post(f"/notes/payment/{payment.pk}/new/", sent).status_code == 302
    assert read(agent, payment) == [text]
    page = browser.get(page_of(payment))
    assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("kind", ["payment", "nothing", "customer"])
def test_the_id_of_another_thing_is_not_found(kind: str, agent: User) -> None:
    browser = browser_of(agent)
    sent = {"text": "Hello", "key": uuid.uuid4()}
    assert browser.post(f"/notes/{kind}/{uuid.uuid4()}/new/", sent).status_code == 404
    assert browser.get(f"/notes/{kind}/{uuid.uuid4()}/").status_code == 404
    assert browser.post(f"/notes/{uuid.uuid4()}/hiding/new/").status_code == 404
    assert Note.objects.count() == 0


def test_written_on_the_page_it_is_told_there_and_undone_with_one_press(
    payment: Payment, agent: User
) -> None:
    browser = browser_of(agent)
    page = browser.get(page_of(payment))
    sent = {"text": "He called twice.", "key": hidden(page, "key")}
    answer = browser.post(f"/notes/payment/{payment.pk}/new/", sent)
    assert answer["Location"] == page_of(payment) + "#notes"
    page = browser.get(page_of(payment))
    newest = page.context["page"].moments[0]
    assert (newest.title, newest.detail, newest.actor) == (
        "Wrote a note",
        "He called twice.",
        "Agathe Morel",
    )
    undo = re.search(r'action="(/notes/[^"]+/hiding/new/)">', page.content.decode())
    assert undo is not None
    browser.post(undo[1])
    page = browser.get(page_of(payment))
    assert "Note hidden." in words_of(page)
    assert [one.title for one in page.context["page"].moments[:2]] == [
        "Hid a note",
        "Wrote a note",
    ]
    assert "He called twice." not in words_of(page)


def test_the_page_without_a_panel_shows_the_form_with_its_fault(
    payment: Payment, agent: User
) -> None:
    browser = browser_of(agent)
    note = write(agent, payment)
    page = browser.get(f"/notes/{note.pk}/correction/new/")
    assert TEXT in words_of(page)
    key = hidden(page, "key")
    answer = browser.post(f"/notes/{note.pk}/correction/new/", {"text": "", "key": key})
    assert answer.status_code == 400
    answer = browser.post(f"/notes/{note.pk}/correction/new/", {"text": "Vase", "key": key})
    assert answer.status_code == 302
    assert read(agent, payment) == ["Vase"]


def test_who_reads_without_writing_has_no_form(payment: Payment, agent: User) -> None:
    write(agent, payment)
    page: Any = browser_of(hire("Aurelio Brandt", "auditor")).get(page_of(payment))
    assert TEXT in words_of(page)
    assert "Keep the note" not in words_of(page)

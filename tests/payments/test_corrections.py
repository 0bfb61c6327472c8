"""Setting a state to what the provider says: the machine is kept, the books follow, two pairs of
eyes look, and what was recorded before stays."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import translation

from audit import clock
from audit.actor import Actor, acting_as, operator
from audit.approvals.models import Approval, ApprovalLimit
from audit.errors import Refusal
from audit.models import LogEntry
from config.access.models import User
from payments.commands.capture_voids import record_capture_void_lost, void_capture
from payments.commands.captures import (
    capture_payment,
    record_capture_lost,
    record_capture_result,
)
from payments.commands.corrections import (
    approve_correction,
    correct_payment,
    lapse_correction,
    reject_correction,
    withdraw_correction,
)
from payments.commands.increments import increment_authorization, record_increment_lost
from payments.commands.payments import record_authorization_lost
from payments.commands.refunds import record_refund_lost
from payments.commands.voids import record_void_lost, void_payment
from payments.ledger.models import Transfer
from payments.models import (
    Attempt,
    Capture,
    Correction,
    Increment,
    Payment,
    Refund,
    RefundReason,
)
from payments.policy import CORRECTIONS
from payments.proofs import payments_off
from payments.queries.corrections import kind_of
from payments.states import TABLES
from tests.audit.people import as_actor, browser_of, hire
from tests.payments import builders
from tests.payments.builders import (
    authorized_payment,
    captured_payment,
    eur,
    new_key,
    new_payment,
    operation_answer,
    requested_refund,
)
from tests.payments.pages import hidden, page_of, words_of

pytestmark = pytest.mark.django_db
REASON = "provider_support"
Row = Attempt | Increment | Capture | Refund


@pytest.fixture(autouse=True)
def _house(db: None, somebody: Actor) -> Iterator[None]:
    RefundReason.objects.create(
        code=REASON, act="correction", label="The provider's support says so"
    )
    with translation.override("en"):
        yield


@pytest.fixture
def lead() -> User:
    """May correct up to 500.00 EUR alone."""
    person = hire("Lea Lund", "support_lead")
    with acting_as(operator("test")):
        role = Group.objects.get(name="support_lead")
        ApprovalLimit.objects.create(role=role, kind="correction", currency="EUR", max_minor=50_000)
    return person


@pytest.fixture
def controller() -> User:
    return hire("Cora Weiss", "finance_controller")


def unknown_attempt(minor: int = 10_000) -> Attempt:
    attempt = Attempt.objects.get(payment=new_payment(eur(minor)))
    for _ in range(2):
        record_authorization_lost(attempt_id=attempt.pk)
    return Attempt.objects.get(pk=attempt.pk)


def unknown_void(minor: int = 10_000) -> Attempt:
    payment = authorized_payment(eur(minor))
    void_payment(payment_id=payment.pk, key=new_key())
    attempt = Attempt.objects.get(payment=payment)
    for _ in range(3):
        record_void_lost(attempt_id=attempt.pk)
    return Attempt.objects.get(pk=attempt.pk)


def unknown_capture(minor: int = 10_000) -> Capture:
    payment = authorized_payment(eur(minor))
    capture = capture_payment(payment_id=payment.pk, amount=eur(minor), key=new_key())
    for _ in range(2):
        record_capture_lost(capture_id=capture.pk)
    return Capture.objects.get(pk=capture.pk)


def unknown_refund(minor: int = 10_000) -> Refund:
    refund = requested_refund(captured_payment(eur(minor)), eur(minor))
    for _ in range(2):
        record_refund_lost(refund_id=refund.pk)
    return Refund.objects.get(pk=refund.pk)


def unknown_increment(minor: int = 10_000) -> Increment:
    payment = authorized_payment(eur(minor))
    increment = increment_authorization(payment_id=payment.pk, amount=eur(minor), key=new_key())
    for _ in range(2):
        record_increment_lost(increment_id=increment.pk)
    return Increment.objects.get(pk=increment.pk)


def voidable_capture(minor: int = 10_000) -> Capture:
    payment = authorized_payment(eur(minor))
    capture = capture_payment(payment_id=payment.pk, amount=eur(minor), key=new_key())
    answer = operation_answer(capture, settles_at=clock.now() + timedelta(days=1))
    record_capture_result(capture_id=capture.pk, answer=answer, key=str(capture.pk))
    return Capture.objects.get(pk=capture.pk)


def unknown_capture_void(minor: int = 10_000) -> Capture:
    capture = voidable_capture(minor)
    void_capture(capture_id=capture.pk, key=new_key())
    for _ in range(2):
        record_capture_void_lost(capture_id=capture.pk)
    return Capture.objects.get(pk=capture.pk)


MAKE: dict[str, Callable[..., Row]] = {
    "attempt": unknown_attempt,
    "void": unknown_void,
    "capture": unknown_capture,
    "refund": unknown_refund,
    "increment": unknown_increment,
    "capture_void": unknown_capture_void,
}
KIND = {"void": "attempt", "capture_void": "capture"}


def correct(person: User, row: Row, to_status: str, **given: Any) -> Correction:
    kind = kind_of(row)
    with acting_as(as_actor(person)):
        return correct_payment(
            **{
                "payment_id": row.payment_id,
                "kind": kind,
                "row_id": row.pk,
                "to_status": to_status,
                "reason": REASON,
                "evidence": "Support ticket 4711: settled on 3 March.",
                "seen_status": row.status,
                "provider_reference": "auth_4711",
                "key": new_key(),
                **given,
            }
        )


@pytest.mark.parametrize(
    ("what", "to_status", "payment_status", "booked"),
    [
        ("attempt", "authorized", "authorized", []),
        ("attempt", "declined", "failed", []),
        ("attempt", "failed", "failed", []),
        ("void", "voided", "voided", []),
        ("void", "authorized", "authorized", []),
        ("capture", "succeeded", "captured", ["capture", "capture_fee"]),
        ("capture", "failed", "authorized", []),
        ("refund", "succeeded", "refunded", ["refund_requested", "refund_sent"]),
        ("refund", "failed", "captured", ["refund_failed", "refund_requested"]),
        ("increment", "succeeded", "authorized", []),
        ("increment", "failed", "authorized", []),
        ("capture_void", "succeeded", "captured", ["capture", "capture_fee"]),
        (
            "capture_void",
            "voided",
            "voided_after_capture",
            ["capture", "capture_fee", "capture_fee_voided", "capture_voided"],
        ),
    ],
)
def test_a_correction_moves_the_row_and_the_books_follow(
    lead: User, what: str, to_status: str, payment_status: str, booked: list[str]
) -> None:
    row = MAKE[what]()
    before = row.status
    correction = correct(lead, row, to_status)
    row.refresh_from_db()
    payment = Payment.objects.get(pk=row.payment_id)
    assert (correction.status, row.status) == ("done", to_status)
    assert payment.status == payment_status
    mine = Transfer.objects.filter(reference__endswith=str(row.pk))
    assert sorted(mine.values_list("code", flat=True)) == booked
    assert list(payments_off()) == []
    kind = KIND.get(what, what)
    entry = LogEntry.objects.get(event=f"payments.{kind}.corrected", object_pk=str(row.pk))
    assert entry.changes["status"] == [before, to_status]
    assert entry.actor_id == lead.pk
    made = LogEntry.objects.get(event="payments.correction.made")
    assert made.object_pk == str(correction.pk)
    assert "Support ticket" not in str(made.changes)


@pytest.mark.parametrize(("to_status", "held"), [("succeeded", 20_000), ("failed", 10_000)])
def test_a_corrected_increase_is_held_or_not(lead: User, to_status: str, held: int) -> None:
    row = unknown_increment()
    correct(lead, row, to_status)
    payment = Payment.objects.get(pk=row.payment_id)
    assert (payment.authorized_minor, payment.increment_pending_minor) == (held, 0)


def test_a_void_of_a_capture_on_its_way_has_an_hour_from_when_it_was_asked_for(lead: User) -> None:
    capture = voidable_capture()
    with clock.at(clock.now() + timedelta(hours=5)):
        void_capture(capture_id=capture.pk, key=new_key())
        capture.refresh_from_db()
        with pytest.raises(Refusal) as refused:
            correct(lead, capture, "voided")
    assert "give the provider an hour" in str(refused.value.message)


def test_the_page_says_what_follows_from_a_void_that_failed(browser: Client) -> None:
    row = unknown_capture_void()
    words = words_of(browser.get(page_of(row.payment, CORRECT)))
    assert "The capture stands: nothing is booked back" in words
    assert "The capture was taken back" in words
    assert "The money was taken: it is booked now" not in words


def test_the_same_key_is_one_correction(lead: User) -> None:
    row, key = unknown_capture(), new_key()
    first = correct(lead, row, "succeeded", key=key)
    entries, booked = LogEntry.objects.count(), Transfer.objects.count()
    assert correct(lead, row, "succeeded", key=key).pk == first.pk
    assert (LogEntry.objects.count(), Transfer.objects.count()) == (entries, booked)
    with pytest.raises(Refusal, match="key_reused"):
        correct(lead, row, "failed", key=key)


def test_a_late_answer_of_the_provider_changes_nothing(lead: User) -> None:
    capture = unknown_capture()
    correct(lead, capture, "succeeded")
    booked = Transfer.objects.count()
    answer = operation_answer(capture)
    record_capture_result(capture_id=capture.pk, answer=answer, key=str(capture.pk))
    assert Transfer.objects.count() == booked
    assert list(payments_off()) == []


def test_every_target_is_a_move_of_the_machine() -> None:
    """A correction goes nowhere that an answer could not go."""
    for model, table in CORRECTIONS.items():
        for status, targets in table.items():
            reachable = {to for (start, _event), to in TABLES[model].items() if start == status}
            assert set(targets) <= reachable, (model, status)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to_status": "voided"}, "correction_refused"),
        ({"to_status": "x" * 90}, "correction_refused"),
        ({"seen_status": "pending"}, "stale"),
        ({"reason": "requested_by_customer"}, "reason_missing"),
        ({"reason": ""}, "reason_missing"),
        ({"evidence": ""}, "text_missing"),
        ({"evidence": "x" * 1001}, "text_too_long"),
        ({"evidence": "card 4000\u00a00566 5566 5556"}, "card_number"),
        ({"evidence": "a\0b"}, "text_unreadable"),
        ({"provider_reference": "4000056655665556"}, "card_number"),
        ({"kind": "refund"}, "row_missing"),
        ({"kind": "nothing"}, "row_missing"),
        ({"row_id": uuid.uuid4()}, "row_missing"),
        ({"payment_id": uuid.uuid4()}, "row_missing"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_and_changes_nothing(
    lead: User, given: dict[str, Any], code: str
) -> None:
    builders.make_reason()
    row = unknown_capture()
    with pytest.raises(Refusal) as refused:
        correct(lead, row, **{"to_status": "succeeded", **given})
    assert refused.value.code == code
    row.refresh_from_db()
    assert (row.status, Correction.objects.count()) == ("unknown", 0)
    assert LogEntry.objects.filter(event="payments.correction.requested", outcome="denied").exists()


def test_what_the_provider_settled_is_not_corrected(lead: User) -> None:
    capture = Capture.objects.get(payment=captured_payment())
    with pytest.raises(Refusal, match="correction_refused"):
        correct(lead, capture, "failed")


def test_the_provider_is_asked_first(lead: User) -> None:
    attempt = Attempt.objects.get(payment=new_payment())
    record_authorization_lost(attempt_id=attempt.pk)
    attempt.refresh_from_db()
    with pytest.raises(Refusal) as refused:
        correct(lead, attempt, "failed")
    assert "Ask the provider first" in str(refused.value.message)


def test_what_is_on_its_way_has_an_hour(lead: User) -> None:
    attempt = Attempt.objects.get(payment=new_payment())
    with pytest.raises(Refusal) as refused:
        correct(lead, attempt, "failed")
    assert "give the provider an hour" in str(refused.value.message)
    with clock.at(clock.now() + timedelta(hours=1, seconds=1)):
        assert correct(lead, attempt, "failed").status == "done"


def test_an_authorization_without_a_reference_is_not_held(lead: User) -> None:
    with pytest.raises(Refusal) as refused:
        correct(lead, unknown_attempt(), "authorized", provider_reference="")
    assert "Give the provider's reference" in str(refused.value.message)


def test_an_agent_corrects_nothing() -> None:
    agent = hire("Agathe Morel", "support_agent")
    with pytest.raises(Refusal, match="correction_refused"):
        correct(agent, unknown_capture(), "succeeded")


def test_above_the_limit_a_second_person_decides(lead: User, controller: User) -> None:
    with acting_as(operator("test")):
        role = Group.objects.get(name="finance_controller")
        ApprovalLimit.objects.create(
            role=role, kind="correction", currency="EUR", max_minor=900_000
        )
    row = unknown_capture(60_000)
    correction = correct(lead, row, "succeeded")
    assert correction.status == "awaiting_approval"
    row.refresh_from_db()
    assert row.status == "unknown"
    with pytest.raises(Refusal, match="correction_waits"):
        correct(lead, row, "failed")
    with acting_as(as_actor(lead)), pytest.raises(Refusal, match="approval_refused"):
        approve_correction(subject_id=correction.pk, key=new_key())
    with acting_as(as_actor(controller)):
        approve_correction(subject_id=correction.pk, key="once")
        assert approve_correction(subject_id=correction.pk, key="once").status == "done"
    row.refresh_from_db()
    assert row.status == "succeeded"
    assert list(payments_off()) == []
    assert Approval.objects.get(subject_id=correction.pk).status == "approved"


@pytest.mark.parametrize("end", ["rejected", "withdrawn", "lapsed", "answered"])
def test_one_that_is_not_approved_changes_nothing(lead: User, controller: User, end: str) -> None:
    row = unknown_capture(60_000)
    correction = correct(lead, row, "failed")
    with acting_as(operator("test")):
        role = Group.objects.get(name="finance_controller")
        ApprovalLimit.objects.create(
            role=role, kind="correction", currency="EUR", max_minor=900_000
        )
    if end == "answered":
        record_capture_result(capture_id=row.pk, answer=operation_answer(row), key=str(row.pk))
        with acting_as(as_actor(controller)), pytest.raises(Refusal, match="correction_refused"):
            approve_correction(subject_id=correction.pk, key=new_key())
    elif end == "rejected":
        with acting_as(as_actor(controller)):
            reject_correction(subject_id=correction.pk)
    elif end == "withdrawn":
        with acting_as(as_actor(lead)):
            withdraw_correction(subject_id=correction.pk)
    else:
        with clock.at(clock.now() + timedelta(days=8)):
            lapse_correction(subject_id=correction.pk)
    row.refresh_from_db()
    correction.refresh_from_db()
    assert row.status == ("succeeded" if end == "answered" else "unknown")
    assert correction.status == ("awaiting_approval" if end == "answered" else end)
    assert list(payments_off()) == []


# The pages -----------------------------------------------------------------------------------


CORRECT = "corrections/new/"


@pytest.fixture
def browser(lead: User) -> Client:
    return browser_of(lead)


def sent_from(page: Any, **typed: Any) -> dict[str, Any]:
    names = ("key", "kind", "row", "seen")
    return {
        **{name: hidden(page, name) for name in names},
        "to_status": "succeeded",
        "reason": REASON,
        "evidence": "Support ticket 4711.",
        **typed,
    }


def test_the_page_shows_before_and_after_and_the_story_tells_it(browser: Client) -> None:
    row = unknown_capture()
    payment = row.payment
    assert f'href="{page_of(payment, CORRECT)}"' in browser.get(page_of(payment)).content.decode()
    page = browser.get(page_of(payment, CORRECT))
    words = words_of(page)
    for told in (
        "Outcome unknown",
        "The provider was asked 2 times",
        "Ask the provider now",
        "The money was taken: it is booked now",
        "The money was not taken",
        "within your limit of EUR 500.00",
    ):
        assert told in words, told
    answer = browser.post(page_of(payment, CORRECT), sent_from(page))
    assert (answer.status_code, answer["Location"]) == (302, page_of(payment))
    page = browser.get(page_of(payment))
    newest = page.context["page"].moments[0]
    assert newest.title == "Corrected a state to match the provider"
    assert newest.actor == "Lea Lund"
    assert "Capture: outcome unknown → captured" in str(newest.detail)
    assert "Support ticket 4711." in str(newest.detail)
    assert [one.title for one in page.context["page"].moments].count(newest.title) == 1
    assert page.context["page"].statement.is_balanced


def test_a_second_person_sees_what_is_corrected(browser: Client, controller: User) -> None:
    row = unknown_capture(60_000)
    page = browser.get(page_of(row.payment, CORRECT))
    assert "Needed: a colleague has to approve it" in words_of(page)
    browser.post(page_of(row.payment, CORRECT), sent_from(page))
    approval = Approval.objects.get()
    words = words_of(browser_of(controller).get(f"/approvals/{approval.pk}/"))
    for told in ("Outcome unknown", "Captured", "Support ticket 4711.", row.payment.reference):
        assert told in words, told


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"evidence": ""}, "required"),
        ({"evidence": "x" * 5000}, "at most"),
        ({"evidence": "４０００ ０５６６ ５５６６ ５５５６"}, "card number"),
        ({"evidence": "a\0b"}, "(?i)null characters|cannot be kept"),
        ({"to_status": "refunded"}, "valid choice"),
        ({"to_status": ""}, "required"),
        ({"reason": "nothing"}, "valid choice"),
        ({"seen": "pending"}, "has changed"),
        ({"key": "x"}, "not as it was given"),
    ],
)
def test_a_bad_form_is_refused_with_a_line_and_nothing_is_written(
    browser: Client, typed: dict[str, Any], said: str
) -> None:
    row = unknown_capture()
    page = browser.get(page_of(row.payment, CORRECT))
    answer = browser.post(page_of(row.payment, CORRECT), sent_from(page, **typed))
    assert answer.status_code in (400, 409)
    assert re.search(said, words_of(answer)), words_of(answer)
    row.refresh_from_db()
    assert (row.status, Correction.objects.count()) == ("unknown", 0)


def test_without_anything_open_there_is_nothing_to_press(browser: Client) -> None:
    payment = captured_payment()
    assert "corrections/new" not in browser.get(page_of(payment)).content.decode()
    words = words_of(browser.get(page_of(payment, CORRECT)))
    assert "the provider has told how everything ended" in words

"""Taking a capture back before it is settled: the customer is never charged. This is no refund."""

from __future__ import annotations

import uuid

from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.models import Capture
from payments.policy import void_capture_decision
from payments.queries.fees import get_booked_fee
from payments.retrying import FIRST_LOOK
from payments.states import Event, move, settle
from payments.steps import (
    ANSWERED,
    NOTHING_SAID,
    Silence,
    book_capture_voided,
    load_capture,
    lose,
)

WAITS = (Capture.Status.VOIDING, Capture.Status.VOID_UNKNOWN)


@command("payments.capture.void_requested", moves_money=True)
def void_capture(work: Work, *, capture_id: uuid.UUID, key: str) -> Capture:
    """Ask the provider to take a whole capture back before it is settled.

    Its amount cannot be refunded meanwhile. The capture remembers the key: a repeat answers the
    capture and changes nothing. 2 SELECTs, 3 statements to write.
    """
    capture, payment, attempt = load_capture(work, capture_id)
    if capture.void_key == key:
        return capture
    decision = void_capture_decision(work.actor, payment, capture, work.now)
    if not decision:
        raise Refusal("void_refused", decision.reason, Kind.CONFLICT, about=payment)
    move(
        work,
        capture,
        Event.CAPTURE_VOID_REQUESTED,
        void_key=key,
        void_requested_at=work.now,
        asked_times=0,
        ask_at=work.now + FIRST_LOOK,
        failure_code="",
    )
    voiding = payment.capture_voiding_minor + capture.amount_minor
    event = Event.CAPTURE_VOID_REQUESTED.value
    settle(work, payment, attempt, event, capture_voiding_minor=voiding)
    work.later("payments.send_capture_void", capture_id=capture.pk)
    return capture


@command("payments.capture.voided", moves_money=True)
def record_capture_void_result(
    work: Work, *, capture_id: uuid.UUID, answer: OperationAnswer, key: str
) -> Capture:
    """Record what became of the void of a capture, asked for by us or not, and book it.

    A repeat, early or late, changes nothing.
    """
    capture = load_capture(work, capture_id)[0]
    apply_capture_void_answer(work, capture, answer)
    return capture


def apply_capture_void_answer(work: Work, capture: Capture, answer: OperationAnswer) -> None:
    """Move a capture along its machine as the answer to its void says, and book it."""
    if answer.status is OperationStatus.FAILED and capture.status in WAITS:
        _record_failure(work, capture, answer.failure_code[:40])
    elif answer.status is OperationStatus.SUCCEEDED:
        if answer.amount != capture.amount and capture.status in WAITS:
            _lose(work, capture, Silence(does_not_fit=True, found=answer.amount))
        elif capture.status in (*WAITS, Capture.Status.SUCCEEDED):
            _record_success(work, capture)


def _record_failure(work: Work, capture: Capture, code: str) -> None:
    payment = capture.payment
    event = Event.CAPTURE_VOID_FAILED
    move(work, capture, event, failure_code=code, **ANSWERED)
    voiding = payment.capture_voiding_minor - capture.amount_minor
    settle(work, payment, capture.attempt, event.value, capture_voiding_minor=voiding)


def _record_success(work: Work, capture: Capture) -> None:
    payment = capture.payment
    event = Event.CAPTURE_VOIDED
    was_asked = capture.status in WAITS
    move(work, capture, event, voided_at=work.now, **ANSWERED)
    settle(
        work,
        payment,
        capture.attempt,
        event.value,
        authorized_minor=payment.authorized_minor - capture.amount_minor,
        captured_minor=payment.captured_minor - capture.amount_minor,
        capture_voiding_minor=payment.capture_voiding_minor
        - (capture.amount_minor if was_asked else 0),
        capture_voided_minor=payment.capture_voided_minor + capture.amount_minor,
    )
    book_capture_voided(work, payment, capture, get_booked_fee(capture))


@command("payments.capture.void_lost")
def record_capture_void_lost(
    work: Work, *, capture_id: uuid.UUID, silence: Silence = NOTHING_SAID
) -> Capture:
    """Nobody knows whether the capture was taken back: it is asked for again."""
    capture = work.load_one(Capture.objects.filter(pk=capture_id))
    if capture.status in WAITS:
        _lose(work, capture, silence)
    return capture


def _lose(work: Work, capture: Capture, silence: Silence) -> None:
    event = Event.CAPTURE_VOID_LOST
    lose(work, capture, silence, lost=event, conflicted=event)

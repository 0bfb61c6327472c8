"""Letting go of what is held."""

from __future__ import annotations

import uuid

from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.models import Attempt, Payment
from payments.policy import void_decision
from payments.retrying import FIRST_LOOK
from payments.states import Event, move, settle
from payments.steps import (
    ANSWERED,
    NOTHING_SAID,
    Silence,
    load_attempt,
    load_payment,
    lose,
)

WAITS = (Attempt.Status.VOIDING, Attempt.Status.VOID_UNKNOWN)


@command("payments.void.requested", moves_money=True)
def void_payment(work: Work, *, payment_id: uuid.UUID, key: str) -> Payment:
    """Ask the provider to let go of what is held and not captured.

    The attempt remembers the key: a repeat answers the payment and changes nothing.
    """
    payment, attempt = load_payment(work, payment_id)
    if attempt.void_key == key:
        return payment
    decision = void_decision(work.actor, payment, attempt)
    if not decision:
        raise Refusal("void_refused", decision.reason, Kind.CONFLICT, about=payment)
    move(
        work,
        attempt,
        Event.VOID_REQUESTED,
        void_key=key,
        void_requested_at=work.now,
        void_minor=payment.capturable.minor,
        asked_times=0,
        ask_at=work.now + FIRST_LOOK,
    )
    work.later("payments.send_void", attempt_id=attempt.pk)
    return payment


@command("payments.void.succeeded", moves_money=True)
def record_void_result(
    work: Work, *, attempt_id: uuid.UUID, answer: OperationAnswer, key: str
) -> Attempt:
    """Record what became of a void. A repeat changes nothing.

    When the provider let go of another amount than we asked for, the void stays unknown and waits
    for a person.
    """
    attempt, payment = load_attempt(work, attempt_id)
    apply_void_answer(work, attempt, payment, answer)
    return attempt


def apply_void_answer(
    work: Work, attempt: Attempt, payment: Payment, answer: OperationAnswer
) -> None:
    """What an answer does to an attempt that is being voided, and to its payment."""
    if answer.status is OperationStatus.FAILED and attempt.status in WAITS:
        move(work, attempt, Event.VOID_FAILED, **ANSWERED)
        settle(work, payment, attempt, Event.VOID_FAILED.value)
    elif answer.status is OperationStatus.SUCCEEDED and attempt.status in (
        *WAITS,
        Attempt.Status.AUTHORIZED,
    ):
        asked = payment.money(attempt.void_minor)
        if attempt.status in WAITS and answer.amount != asked:
            _lose(work, attempt, Silence(does_not_fit=True, found=answer.amount))
            return
        event = Event.VOID_SUCCEEDED
        held = payment.captured_minor + payment.capture_pending_minor
        move(work, attempt, event, **ANSWERED)
        settle(work, payment, attempt, event.value, authorized_minor=held)


@command("payments.void.lost")
def record_void_lost(
    work: Work, *, attempt_id: uuid.UUID, silence: Silence = NOTHING_SAID
) -> Attempt:
    """Nobody knows whether the hold was let go: it is asked for again."""
    attempt = work.load_one(Attempt.objects.filter(pk=attempt_id))
    if attempt.status in WAITS:
        _lose(work, attempt, silence)
    return attempt


def _lose(work: Work, attempt: Attempt, silence: Silence) -> None:
    lose(work, attempt, silence, lost=Event.VOID_LOST, conflicted=Event.VOID_LOST)

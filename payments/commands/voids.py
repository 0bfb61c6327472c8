"""Letting go of what is held."""

from __future__ import annotations

import uuid

from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.models import Attempt, Payment
from payments.policy import void_decision
from payments.states import Event, move, settle
from payments.steps import ask_again, load_attempt, load_payment

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
        asked_times=0,
    )
    work.later("payments.send_void", attempt_id=attempt.pk)
    return payment


@command("payments.void.succeeded", moves_money=True)
def record_void_result(
    work: Work, *, attempt_id: uuid.UUID, answer: OperationAnswer, key: str
) -> Attempt:
    """Record what became of a void. A repeat changes nothing."""
    attempt, payment = load_attempt(work, attempt_id)
    if answer.status is OperationStatus.FAILED and attempt.status in WAITS:
        move(work, attempt, Event.VOID_FAILED, ask_at=None)
        settle(work, payment, attempt, Event.VOID_FAILED.value)
    elif answer.status is OperationStatus.SUCCEEDED and attempt.status in (
        *WAITS,
        Attempt.Status.AUTHORIZED,
    ):
        event = Event.VOID_SUCCEEDED
        held = payment.captured_minor + payment.capture_pending_minor
        move(work, attempt, event, ask_at=None)
        settle(work, payment, attempt, event.value, authorized_minor=held)
    return attempt


@command("payments.void.lost")
def record_void_lost(work: Work, *, attempt_id: uuid.UUID, raw: str = "") -> Attempt:
    """Nobody knows whether the hold was let go: it is asked for again."""
    attempt = work.load_one(Attempt.objects.filter(pk=attempt_id))
    if attempt.status == Attempt.Status.VOID_UNKNOWN:
        work.change(attempt, **ask_again(attempt, work.now))
    elif attempt.status == Attempt.Status.VOIDING:
        again = ask_again(attempt, work.now)
        move(work, attempt, Event.VOID_LOST, raw_status=raw[:80], **again)
    return attempt

"""Calling the provider: outside of any transaction, with a key made of the row's id.

Each reads the intent, calls, and records the answer. A worker that dies in between leaves the
message to the next one, which calls with the same key and gets the same answer.

What is tried again, how often, and what is not stands in `payments.retrying`. An authorization that
cannot be sent goes at once to the next account of its route. A capture is never sent past the life
of its authorization: it has failed then.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from audit import clock
from audit.outbox.delivery import find_run
from audit.outbox.handlers import TryAgain, handler
from payments.commands.capture_voids import record_capture_void_lost, record_capture_void_result
from payments.commands.captures import record_capture_lost, record_capture_result
from payments.commands.increments import record_increment_lost, record_increment_result
from payments.commands.payments import (
    record_authorization,
    record_authorization_failed,
    record_authorization_lost,
)
from payments.commands.refunds import record_refund_lost, record_refund_result
from payments.commands.reroutes import reroute_authorization
from payments.commands.voids import record_void_lost, record_void_result
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.models import Attempt, Capture, Increment, Refund
from payments.queries.payments import get_attempt, get_capture, get_increment, get_refund
from payments.tasks.asking import ask, gateway_of, occurred_at, refused

EXPIRED = "authorization_expired"


@handler("payments.send_authorization")
def send_authorization(*, attempt_id: str) -> None:
    """Ask the provider to hold the amount of an attempt; where it cannot be reached, the next."""
    attempt = get_attempt(uuid.UUID(attempt_id))
    if attempt.status != Attempt.Status.PENDING:
        return
    try:
        ask_authorization(attempt)
    except TryAgain:
        if not _falls_back(attempt):
            raise


def _falls_back(attempt: Attempt) -> bool:
    """Whether another account has the payment now.

    Only from the first run of the message: of a later one nobody knows what the one before it had
    sent when it died.
    """
    run = find_run()
    if run is None or not run.is_first:
        return False
    following = reroute_authorization(
        attempt_id=attempt.pk,
        message_id=run.message_id,
        lease=run.lease,
        key=f"reroute:{attempt.pk}",
    )
    return following is not None


def ask_authorization(attempt: Attempt) -> None:
    """One authorize call, and its answer on record whatever it is."""
    key = str(attempt.pk)
    answer = ask(
        attempt,
        lambda: gateway_of(attempt).authorize(
            key=key,
            amount=attempt.amount,
            card_token=attempt.card.token,
            reference=attempt.payment.reference,
            occurred_at=occurred_at(attempt.created_at),
        ),
        lambda silence: record_authorization_lost(attempt_id=attempt.pk, silence=silence),
        lambda code: record_authorization_failed(attempt_id=attempt.pk, code=code, key=key),
    )
    if answer is not None:
        record_authorization(attempt_id=attempt.pk, answer=answer, key=key)


@handler("payments.send_increment")
def send_increment(*, increment_id: str) -> None:
    """Ask the provider to hold more."""
    increment = get_increment(uuid.UUID(increment_id))
    if increment.status == Increment.Status.PENDING:
        ask_increment(increment)


def ask_increment(increment: Increment) -> None:
    """One increment call, and its answer on record."""
    key = str(increment.pk)
    answer = ask(
        increment,
        lambda: gateway_of(increment).increment(
            key=key,
            authorization_reference=increment.attempt.provider_reference,
            amount=increment.amount,
            occurred_at=occurred_at(increment.created_at),
        ),
        lambda silence: record_increment_lost(increment_id=increment.pk, silence=silence),
        lambda code: tell_increment(increment, refused(increment.amount, code)),
    )
    if answer is not None:
        tell_increment(increment, answer)


def tell_increment(increment: Increment, answer: OperationAnswer) -> None:
    """Put an answer about an increase on record."""
    record_increment_result(increment_id=increment.pk, answer=answer, key=str(increment.pk))


@handler("payments.send_capture")
def send_capture(*, capture_id: str) -> None:
    """Ask the provider for the money of a capture."""
    capture = get_capture(uuid.UUID(capture_id))
    if capture.status == Capture.Status.PENDING:
        ask_capture(capture)


def ask_capture(capture: Capture) -> None:
    """One capture call, and its answer on record."""
    if _is_too_late(capture):
        tell_capture(capture, refused(capture.amount, EXPIRED))
        return
    answer = ask(
        capture,
        lambda: gateway_of(capture).capture(
            key=str(capture.pk),
            authorization_reference=capture.attempt.provider_reference,
            amount=capture.amount,
            is_final=capture.is_final,
            occurred_at=occurred_at(capture.created_at),
        ),
        lambda silence: record_capture_lost(capture_id=capture.pk, silence=silence),
        lambda code: tell_capture(capture, refused(capture.amount, code)),
    )
    if answer is not None:
        tell_capture(capture, answer)


def _is_too_late(capture: Capture) -> bool:
    # Only for one that surely was never sent: of any other the provider is asked.
    ends = capture.attempt.expires_at
    never_sent = capture.status == Capture.Status.PENDING and capture.asked_times == 0
    return never_sent and ends is not None and ends <= clock.now()


def tell_capture(capture: Capture, answer: OperationAnswer) -> None:
    """Put an answer about a capture on record; one that was voided had succeeded before."""
    key = str(capture.pk)
    if answer.status is not OperationStatus.VOIDED:
        record_capture_result(capture_id=capture.pk, answer=answer, key=key)
        return
    done = answer.with_status(OperationStatus.SUCCEEDED)
    record_capture_result(capture_id=capture.pk, answer=done, key=key)
    record_capture_void_result(capture_id=capture.pk, answer=done, key=capture_void_key(capture))


@handler("payments.send_capture_void")
def send_capture_void(*, capture_id: str) -> None:
    """Ask the provider to take a capture back."""
    capture = get_capture(uuid.UUID(capture_id))
    if capture.status == Capture.Status.VOIDING:
        ask_capture_void(capture)


def ask_capture_void(capture: Capture) -> None:
    """One void call for a capture, and its answer on record."""
    answer = ask(
        capture,
        lambda: gateway_of(capture).void_capture(
            key=capture_void_key(capture),
            capture_reference=capture.provider_reference,
            amount=capture.amount,
            occurred_at=occurred_at(capture.void_requested_at),
        ),
        lambda silence: record_capture_void_lost(capture_id=capture.pk, silence=silence),
        lambda code: tell_capture_void(capture, refused(capture.amount, code)),
    )
    if answer is not None:
        tell_capture_void(capture, answer)


def tell_capture_void(capture: Capture, answer: OperationAnswer) -> None:
    """Put an answer about the void of a capture on record."""
    key = capture_void_key(capture)
    record_capture_void_result(capture_id=capture.pk, answer=answer, key=key)


def capture_void_key(capture: Capture) -> str:
    """The key of the void of a capture at the provider.

    A capture may be voided again after the provider refused: each try has its own time.
    """
    return _void_key(capture.pk, capture.void_requested_at)


@handler("payments.send_void")
def send_void(*, attempt_id: str) -> None:
    """Ask the provider to let go of what it holds."""
    attempt = get_attempt(uuid.UUID(attempt_id))
    if attempt.status == Attempt.Status.VOIDING:
        ask_void(attempt)


def ask_void(attempt: Attempt) -> None:
    """One void call, and its answer on record."""
    amount = attempt.payment.money(attempt.void_minor)
    answer = ask(
        attempt,
        lambda: gateway_of(attempt).void(
            key=void_operation_key(attempt),
            authorization_reference=attempt.provider_reference,
            amount=amount,
            occurred_at=occurred_at(attempt.void_requested_at),
        ),
        lambda silence: record_void_lost(attempt_id=attempt.pk, silence=silence),
        lambda code: tell_void(attempt, refused(amount, code)),
    )
    if answer is not None:
        tell_void(attempt, answer)


def tell_void(attempt: Attempt, answer: OperationAnswer) -> None:
    """Put an answer about a void on record."""
    record_void_result(attempt_id=attempt.pk, answer=answer, key=void_operation_key(attempt))


def void_operation_key(attempt: Attempt) -> str:
    """The key of a void at the provider: the attempt's own id is its authorization's."""
    return _void_key(attempt.pk, attempt.void_requested_at)


def _void_key(pk: uuid.UUID, asked_at: datetime | None) -> str:
    return f"void-{pk}-{asked_at:%Y%m%dT%H%M%S%f}" if asked_at else f"void-{pk}"


@handler("payments.send_refund")
def send_refund(*, refund_id: str) -> None:
    """Ask the provider to pay a refund out."""
    refund = get_refund(uuid.UUID(refund_id))
    if refund.status == Refund.Status.PENDING:
        ask_refund(refund)


def ask_refund(refund: Refund) -> None:
    """One refund call, and its answer on record."""
    answer = ask(
        refund,
        lambda: gateway_of(refund).refund(
            key=str(refund.pk),
            authorization_reference=refund.attempt.provider_reference,
            amount=refund.amount,
            occurred_at=occurred_at(refund.created_at),
        ),
        lambda silence: record_refund_lost(refund_id=refund.pk, silence=silence),
        lambda code: tell_refund(refund, refused(refund.amount, code)),
    )
    if answer is not None:
        tell_refund(refund, answer)


def tell_refund(refund: Refund, answer: OperationAnswer) -> None:
    """Put an answer about a refund on record."""
    record_refund_result(refund_id=refund.pk, answer=answer, key=str(refund.pk))

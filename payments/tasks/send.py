"""Calling the provider: outside of any transaction, with a key made of the row's id.

Each reads the intent, calls, and records the answer. A worker that dies in between leaves the
message to the next one, which calls with the same key and gets the same answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from audit import clock
from audit.outbox.handlers import TryAgain, handler
from payments.commands.captures import record_capture_lost, record_capture_result
from payments.commands.payments import (
    record_authorization,
    record_authorization_failed,
    record_authorization_lost,
)
from payments.commands.refunds import record_refund_lost, record_refund_result
from payments.commands.voids import record_void_lost, record_void_result
from payments.gateways.errors import Rejected, Unavailable, Unknown, UnmappedStatus
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.gateways.registry import get_gateway
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Refund
from payments.queries.payments import get_attempt, get_capture, get_refund


def _when(asked_at: datetime | None) -> datetime | None:
    # The provider's own clock counts, unless the demo is telling of the past; and then the time
    # comes from the row, so that a repeat of the call is the same call.
    return asked_at if clock.tells_of_the_past() else None


def _raw(error: Unknown) -> str:
    return error.raw_status if isinstance(error, UnmappedStatus) else ""


@handler("payments.send_authorization")
def send_authorization(*, attempt_id: str) -> None:
    """Ask the provider to hold the amount of an attempt."""
    attempt = get_attempt(uuid.UUID(attempt_id))
    if attempt.status == Attempt.Status.PENDING:
        ask_authorization(attempt)


def ask_authorization(attempt: Attempt) -> None:
    """One authorize call, and its answer on record whatever it is."""
    key = str(attempt.pk)
    try:
        answer = get_gateway(attempt.connector).authorize(
            key=key,
            amount=Money(attempt.amount_minor, attempt.currency),
            card_token=attempt.card.token,
            reference=attempt.payment.reference,
            occurred_at=_when(attempt.created_at),
        )
    except Unavailable as error:
        raise TryAgain("provider unavailable") from error
    except Rejected as error:
        record_authorization_failed(attempt_id=attempt.pk, code=error.code, key=key)
    except Unknown as error:
        record_authorization_lost(attempt_id=attempt.pk, raw=_raw(error))
    else:
        record_authorization(attempt_id=attempt.pk, answer=answer, key=key)


@handler("payments.send_capture")
def send_capture(*, capture_id: str) -> None:
    """Ask the provider for the money of a capture."""
    capture = get_capture(uuid.UUID(capture_id))
    if capture.status == Capture.Status.PENDING:
        ask_capture(capture)


def ask_capture(capture: Capture) -> None:
    """One capture call, and its answer on record."""
    gateway = get_gateway(capture.connector)
    answer = _ask(
        capture.amount,
        lambda: gateway.capture(
            key=str(capture.pk),
            authorization_reference=capture.attempt.provider_reference,
            amount=capture.amount,
            occurred_at=_when(capture.created_at),
        ),
        lambda raw: record_capture_lost(capture_id=capture.pk, raw=raw),
    )
    if answer is not None:
        record_capture_result(capture_id=capture.pk, answer=answer, key=str(capture.pk))


@handler("payments.send_void")
def send_void(*, attempt_id: str) -> None:
    """Ask the provider to let go of what it holds."""
    attempt = get_attempt(uuid.UUID(attempt_id))
    if attempt.status == Attempt.Status.VOIDING:
        ask_void(attempt)


def ask_void(attempt: Attempt) -> None:
    """One void call, and its answer on record."""
    gateway = get_gateway(attempt.connector)
    answer = _ask(
        Money(attempt.approved_minor, attempt.currency),
        lambda: gateway.void(
            key=void_operation_key(attempt),
            authorization_reference=attempt.provider_reference,
            occurred_at=_when(attempt.void_requested_at),
        ),
        lambda raw: record_void_lost(attempt_id=attempt.pk, raw=raw),
    )
    if answer is not None:
        record_void_result(attempt_id=attempt.pk, answer=answer, key=void_operation_key(attempt))


def void_operation_key(attempt: Attempt) -> str:
    """The key of a void at the provider: the attempt's own id is its authorization's."""
    return f"void-{attempt.pk}"


@handler("payments.send_refund")
def send_refund(*, refund_id: str) -> None:
    """Ask the provider to pay a refund out."""
    refund = get_refund(uuid.UUID(refund_id))
    if refund.status == Refund.Status.PENDING:
        ask_refund(refund)


def ask_refund(refund: Refund) -> None:
    """One refund call, and its answer on record."""
    gateway = get_gateway(refund.connector)
    answer = _ask(
        refund.amount,
        lambda: gateway.refund(
            key=str(refund.pk),
            authorization_reference=refund.attempt.provider_reference,
            amount=refund.amount,
            occurred_at=_when(refund.created_at),
        ),
        lambda raw: record_refund_lost(refund_id=refund.pk, raw=raw),
    )
    if answer is not None:
        record_refund_result(refund_id=refund.pk, answer=answer, key=str(refund.pk))


def _ask(
    amount: Money, call: Callable[[], OperationAnswer], lost: Callable[[str], object]
) -> OperationAnswer | None:
    """The provider's answer; a no is an answer, silence is recorded as lost and gives None."""
    try:
        return call()
    except Unavailable as error:
        raise TryAgain("provider unavailable") from error
    except Rejected as error:
        return OperationAnswer(
            status=OperationStatus.FAILED,
            reference="",
            amount=amount,
            raw_status=error.code,
            failure_code=error.code,
        )
    except Unknown as error:
        lost(_raw(error))
        return None

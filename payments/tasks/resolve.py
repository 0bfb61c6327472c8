"""Outcomes that nobody told us: found here, asked for, and settled by the same commands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from celery import shared_task

from audit import clock
from audit.actor import acting_as, system
from audit.errors import Busy, OutcomeUnknown, Refusal
from audit.outbox.handlers import TryAgain
from payments.commands.captures import record_capture_lost, record_capture_result
from payments.commands.payments import (
    expire_authorization,
    record_authorization,
    record_authorization_failed,
    record_authorization_lost,
)
from payments.commands.refunds import record_refund_lost, record_refund_result
from payments.commands.voids import record_void_lost, record_void_result
from payments.gateways.errors import GatewayError
from payments.gateways.registry import get_gateway
from payments.models import Attempt, Capture, Refund
from payments.queries.due import (
    attempts_to_ask,
    attempts_to_expire,
    captures_to_ask,
    refunds_to_ask,
)
from payments.tasks.send import (
    ask_capture,
    ask_refund,
    ask_void,
    void_operation_key,
)

logger = logging.getLogger(__name__)

Row = TypeVar("Row", Attempt, Capture, Refund)
BATCH = 100


@shared_task(name="payments.resolve_unknown")
def resolve_unknown() -> None:
    """Ask the provider what became of whatever is unknown and due."""
    with acting_as(system("payments.resolve_unknown")):
        now = clock.now()
        for attempt in attempts_to_ask(now, BATCH):
            _guarded(settle_attempt, attempt)
        for capture in captures_to_ask(now, BATCH):
            _guarded(settle_capture, capture)
        for refund in refunds_to_ask(now, BATCH):
            _guarded(settle_refund, refund)


def _guarded(settle: Callable[[Row], None], row: Row) -> None:
    # One row that cannot be settled must not keep the others waiting.
    try:
        settle(row)
    except (GatewayError, TryAgain, Refusal, Busy, OutcomeUnknown) as trouble:
        logger.info("%s %s stays unknown: %s", type(row).__name__, row.pk, type(trouble).__name__)


def settle_attempt(attempt: Attempt) -> None:
    """Settle an authorization or a void of unknown outcome by asking what its key did."""
    gateway = get_gateway(attempt.connector)
    if attempt.status == Attempt.Status.VOID_UNKNOWN:
        key = void_operation_key(attempt)
        outcome = gateway.find_operation(key)
        if outcome is None:
            record_void_lost(attempt_id=attempt.pk)
            ask_void(attempt)
        else:
            record_void_result(attempt_id=attempt.pk, answer=outcome, key=key)
        return
    key = str(attempt.pk)
    answer = gateway.find_authorization(key)
    # Ask next time first: what follows may fail, and the schedule must go on.
    record_authorization_lost(attempt_id=attempt.pk)
    if answer is None:
        record_authorization_failed(attempt_id=attempt.pk, code="never_arrived", key=key)
    else:
        record_authorization(attempt_id=attempt.pk, answer=answer, key=key)


def settle_capture(capture: Capture) -> None:
    """Settle a capture of unknown outcome; one that never arrived is sent again, same key."""
    outcome = get_gateway(capture.connector).find_operation(str(capture.pk))
    record_capture_lost(capture_id=capture.pk)
    if outcome is None:
        ask_capture(capture)
    else:
        record_capture_result(capture_id=capture.pk, answer=outcome, key=str(capture.pk))


def settle_refund(refund: Refund) -> None:
    """Settle a refund of unknown outcome; one that never arrived is sent again, same key."""
    outcome = get_gateway(refund.connector).find_operation(str(refund.pk))
    record_refund_lost(refund_id=refund.pk)
    if outcome is None:
        ask_refund(refund)
    else:
        record_refund_result(refund_id=refund.pk, answer=outcome, key=str(refund.pk))


@shared_task(name="payments.expire_authorizations")
def expire_authorizations() -> None:
    """Let go of what is held past its time; the command looks again under its own Work."""
    with acting_as(system("payments.expire_authorizations")):
        for attempt in attempts_to_expire(clock.now(), BATCH):
            try:
                expire_authorization(attempt_id=attempt.pk)
            except (Refusal, Busy, OutcomeUnknown) as trouble:
                logger.info("attempt %s stays: %s", attempt.pk, type(trouble).__name__)

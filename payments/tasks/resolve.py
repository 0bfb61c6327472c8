"""Outcomes that nobody told us: found here, asked for, and settled by the same commands."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from celery import shared_task

from audit import clock
from audit.actor import acting_as, system
from audit.errors import Busy, OutcomeUnknown, Refusal
from audit.outbox.handlers import TryAgain, handler
from payments.commands.capture_voids import record_capture_void_lost
from payments.commands.captures import record_capture_lost
from payments.commands.increments import record_increment_lost
from payments.commands.payments import (
    expire_authorization,
    record_authorization,
    record_authorization_failed,
    record_authorization_lost,
)
from payments.commands.refunds import record_refund_lost
from payments.commands.voids import record_void_lost
from payments.gateways.errors import GatewayError, Unavailable, Unknown
from payments.gateways.protocol import AuthorizationAnswer, OperationAnswer
from payments.models import Asking, Attempt, Capture, Increment, Refund
from payments.queries.due import attempts_to_expire, rows_to_ask
from payments.queries.payments import VOIDS
from payments.queries.unsettled import MODELS, list_open_to_inquiry
from payments.steps import NOTHING_SAID, Silence
from payments.tasks import send
from payments.tasks.asking import check_reference, gateway_of, silence_of

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", AuthorizationAnswer, OperationAnswer)
BATCH = 100


@shared_task(name="payments.resolve_unknown")
def resolve_unknown() -> None:
    """Ask the providers what became of whatever is unknown and due."""
    with acting_as(system("payments.resolve_unknown")):
        now = clock.now()
        for model in MODELS:
            settle_all(rows_to_ask(model, now, BATCH))


@handler("payments.inquire")
def inquire(*, payment_id: str) -> None:
    """A person wants to know now what became of a payment."""
    settle_all(list_open_to_inquiry(uuid.UUID(payment_id)))


def settle_all(rows: Iterable[Asking]) -> None:
    """Settle each; one that cannot be settled does not keep the others waiting.

    A provider that cannot be reached is left in peace until the next round.
    """
    away: set[str] = set()
    for row in rows:
        if row.connector in away:
            continue
        try:
            settle(row)
        except (GatewayError, TryAgain, Refusal, Busy, OutcomeUnknown) as trouble:
            if isinstance(trouble, Unavailable | TryAgain):
                away.add(row.connector)
            logger.info(
                "%s %s is still open: %s", type(row).__name__, row.pk, type(trouble).__name__
            )


def settle(row: Asking) -> None:
    """Settle one row by asking what its key did; what never arrived is sent again, same key."""
    if isinstance(row, Attempt):
        (_settle_void if row.status in VOIDS else _settle_authorization)(row)
    elif isinstance(row, Increment):
        _settle_increment(row)
    elif isinstance(row, Capture):
        (_settle_capture_void if row.status in VOIDS else _settle_capture)(row)
    else:
        _settle_refund(row)


def _settle(
    row: Asking,
    find: Callable[[], Answer | None],
    lost: Callable[[Silence], object],
    never: Callable[[], object],
    tell: Callable[[Answer], object],
) -> None:
    try:
        answer = find()
        if answer is not None:
            check_reference(row, answer.reference)
    except Unknown as error:
        lost(silence_of(error))
        return
    # Ask next time first: what follows may fail, and the schedule must go on.
    lost(NOTHING_SAID)
    if answer is None:
        never()
    else:
        tell(answer)


def _settle_authorization(attempt: Attempt) -> None:
    key = str(attempt.pk)

    def fail() -> None:
        record_authorization_failed(attempt_id=attempt.pk, code="never_arrived", key=key)

    def tell(answer: AuthorizationAnswer) -> None:
        record_authorization(attempt_id=attempt.pk, answer=answer, key=key)

    _settle(
        attempt,
        lambda: gateway_of(attempt).find_authorization(key),
        lambda silence: record_authorization_lost(attempt_id=attempt.pk, silence=silence),
        # The customer is long gone: what never arrived is not sent again.
        fail,
        tell,
    )


def _settle_void(attempt: Attempt) -> None:
    _settle(
        attempt,
        _operation(attempt, send.void_operation_key(attempt)),
        lambda silence: record_void_lost(attempt_id=attempt.pk, silence=silence),
        lambda: send.ask_void(attempt),
        lambda answer: send.tell_void(attempt, answer),
    )


def _settle_increment(increment: Increment) -> None:
    _settle(
        increment,
        _operation(increment, str(increment.pk)),
        lambda silence: record_increment_lost(increment_id=increment.pk, silence=silence),
        lambda: send.ask_increment(increment),
        lambda answer: send.tell_increment(increment, answer),
    )


def _settle_capture(capture: Capture) -> None:
    _settle(
        capture,
        _operation(capture, str(capture.pk)),
        lambda silence: record_capture_lost(capture_id=capture.pk, silence=silence),
        lambda: send.ask_capture(capture),
        lambda answer: send.tell_capture(capture, answer),
    )


def _settle_capture_void(capture: Capture) -> None:
    _settle(
        capture,
        _operation(capture, send.capture_void_key(capture)),
        lambda silence: record_capture_void_lost(capture_id=capture.pk, silence=silence),
        lambda: send.ask_capture_void(capture),
        lambda answer: send.tell_capture_void(capture, answer),
    )


def _settle_refund(refund: Refund) -> None:
    _settle(
        refund,
        _operation(refund, str(refund.pk)),
        lambda silence: record_refund_lost(refund_id=refund.pk, silence=silence),
        lambda: send.ask_refund(refund),
        lambda answer: send.tell_refund(refund, answer),
    )


def _operation(row: Any, key: str) -> Callable[[], OperationAnswer | None]:
    return lambda: gateway_of(row).find_operation(key)


@shared_task(name="payments.expire_authorizations")
def expire_authorizations() -> None:
    """Let go of what is held past its time; the command looks again under its own Work."""
    with acting_as(system("payments.expire_authorizations")):
        for attempt in attempts_to_expire(clock.now(), BATCH):
            try:
                expire_authorization(attempt_id=attempt.pk)
            except (Refusal, Busy, OutcomeUnknown) as trouble:
                logger.info("attempt %s stays: %s", attempt.pk, type(trouble).__name__)

"""Outcomes that nobody told us: found here, asked for, and settled by the same commands."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

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
from payments.models import Asking, Attempt, Capture, Increment, LateAuthorization, Refund
from payments.queries.due import attempts_to_expire, rows_to_ask
from payments.queries.payments import VOIDS
from payments.queries.unsettled import MODELS, list_open_to_inquiry
from payments.retrying import NEVER_ARRIVED
from payments.steps import NOTHING_SAID
from payments.tasks import send
from payments.tasks.asking import check_reference, gateway_of, silence_of, sought_of, through_of
from payments.tasks.late import settle_late

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", AuthorizationAnswer, OperationAnswer)
Row = TypeVar("Row", Attempt, Increment, Capture, Refund)
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
    away: set[tuple[str, uuid.UUID | None]] = set()
    for row in rows:
        through = through_of(row)
        if through in away:
            continue
        try:
            settle(row)
        except (GatewayError, TryAgain, Refusal, Busy, OutcomeUnknown) as trouble:
            if isinstance(trouble, Unavailable | TryAgain):
                away.add(through)
            logger.info(
                "%s %s is still open: %s", type(row).__name__, row.pk, type(trouble).__name__
            )


def settle(row: Asking) -> None:
    """Settle one row by asking what its key did; what never arrived is sent again, same key."""
    if isinstance(row, Attempt):
        (_settle_void if row.status in VOIDS else _settle_authorization)(row)
    elif isinstance(row, Increment):
        _settle_increment(row)
    elif isinstance(row, LateAuthorization):
        settle_late(row)
    elif isinstance(row, Capture):
        (_settle_capture_void if row.status in VOIDS else _settle_capture)(row)
    else:
        _settle_refund(row)


def _settle(
    row: Asking,
    find: Callable[[], Answer | None],
    lost: Callable[..., object],
    never: Callable[[], object],
    tell: Callable[[Answer], object],
) -> None:
    try:
        answer = find()
        if answer is not None:
            check_reference(row, answer.reference)
    except Unknown as error:
        lost(silence=silence_of(error))
        return
    # Ask next time first: what follows may fail, and the schedule must go on.
    lost(silence=NOTHING_SAID)
    if answer is None:
        never()
    else:
        tell(answer)


def _settle_authorization(attempt: Attempt) -> None:
    key = str(attempt.pk)

    def fail() -> None:
        record_authorization_failed(attempt_id=attempt.pk, code=NEVER_ARRIVED, key=key)

    def tell(answer: AuthorizationAnswer) -> None:
        record_authorization(attempt_id=attempt.pk, answer=answer, key=key)

    _settle(
        attempt,
        lambda: gateway_of(attempt).find_authorization(key, attempt.created_at),
        partial(record_authorization_lost, attempt_id=attempt.pk),
        # The customer is long gone: what never arrived is not sent again.
        fail,
        tell,
    )


def _settle_operation(
    row: Row,
    key: str,
    lost: Callable[..., object],
    ask: Callable[[Row], object],
    tell: Callable[[Row, OperationAnswer], object],
) -> None:
    """A capture, a refund, an increase or a void: what never arrived is asked for again."""
    _settle(
        row,
        lambda: gateway_of(row).find_operation(key, sought_of(row)),
        lost,
        lambda: ask(row),
        lambda answer: tell(row, answer),
    )


def _settle_void(attempt: Attempt) -> None:
    lost = partial(record_void_lost, attempt_id=attempt.pk)
    key = send.void_operation_key(attempt)
    _settle_operation(attempt, key, lost, send.ask_void, send.tell_void)


def _settle_increment(increment: Increment) -> None:
    lost = partial(record_increment_lost, increment_id=increment.pk)
    key = str(increment.pk)
    _settle_operation(increment, key, lost, send.ask_increment, send.tell_increment)


def _settle_capture(capture: Capture) -> None:
    lost = partial(record_capture_lost, capture_id=capture.pk)
    _settle_operation(capture, str(capture.pk), lost, send.ask_capture, send.tell_capture)


def _settle_capture_void(capture: Capture) -> None:
    lost = partial(record_capture_void_lost, capture_id=capture.pk)
    key = send.capture_void_key(capture)
    _settle_operation(capture, key, lost, send.ask_capture_void, send.tell_capture_void)


def _settle_refund(refund: Refund) -> None:
    lost = partial(record_refund_lost, refund_id=refund.pk)
    _settle_operation(refund, str(refund.pk), lost, send.ask_refund, send.tell_refund)


@shared_task(name="payments.expire_authorizations")
def expire_authorizations() -> None:
    """Let go of what is held past its time; the command looks again under its own Work."""
    with acting_as(system("payments.expire_authorizations")):
        for attempt in attempts_to_expire(clock.now(), BATCH):
            try:
                expire_authorization(attempt_id=attempt.pk)
            except (Refusal, Busy, OutcomeUnknown) as trouble:
                logger.info("attempt %s stays: %s", attempt.pk, type(trouble).__name__)

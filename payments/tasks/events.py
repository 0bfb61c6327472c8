"""What a provider tells by itself. The event says that something changed; what is true now is
asked of the provider, so that any order and any number of repeats ends in the same state."""

from __future__ import annotations

from audit.outbox.handlers import TryAgain
from payments.commands.captures import record_capture_result
from payments.commands.payments import expire_authorization, record_authorization
from payments.commands.refunds import record_refund_result
from payments.commands.voids import record_void_result
from payments.gateways.events import handles, ignore
from payments.gateways.models import InboundEvent
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.gateways.registry import get_gateway
from payments.ledger.money import Money
from payments.models import Attempt
from payments.queries.payments import find_attempt, find_capture, find_refund
from payments.tasks.send import void_operation_key

TOO_EARLY = "the call that made it has not been recorded yet"


@handles("authorization.authorized", "authorization.partially_authorized")
@handles("authorization.declined", "authorization.requires_action", "authorization.pending")
def follow_authorization(event: InboundEvent) -> None:
    """An authorization has been decided."""
    attempt = find_attempt(event.connector, event.object_reference)
    if attempt is None:
        raise TryAgain(TOO_EARLY)
    answer = get_gateway(event.connector).retrieve_authorization(event.object_reference)
    record_authorization(attempt_id=attempt.pk, answer=answer, key=str(attempt.pk))


@handles("authorization.voided")
def follow_void(event: InboundEvent) -> None:
    """What was held has been let go."""
    attempt = find_attempt(event.connector, event.object_reference)
    if attempt is None:
        raise TryAgain(TOO_EARLY)
    if attempt.status not in (Attempt.Status.VOIDING, Attempt.Status.VOID_UNKNOWN):
        return
    key = void_operation_key(attempt)
    answer = get_gateway(event.connector).find_operation(key) or OperationAnswer(
        status=OperationStatus.SUCCEEDED,
        reference=event.object_reference,
        amount=Money(attempt.approved_minor, attempt.currency),
        raw_status="voided",
    )
    record_void_result(attempt_id=attempt.pk, answer=answer, key=key)


@handles("capture.succeeded", "capture.failed")
def follow_capture(event: InboundEvent) -> None:
    """A capture has ended."""
    capture = find_capture(event.connector, event.object_reference)
    if capture is None:
        raise TryAgain(TOO_EARLY)
    answer = get_gateway(event.connector).retrieve_capture(event.object_reference)
    record_capture_result(capture_id=capture.pk, answer=answer, key=str(capture.pk))


@handles("refund.succeeded", "refund.failed")
def follow_refund(event: InboundEvent) -> None:
    """A refund has ended, or has come back after it had."""
    refund = find_refund(event.connector, event.object_reference)
    if refund is None:
        raise TryAgain(TOO_EARLY)
    answer = get_gateway(event.connector).retrieve_refund(event.object_reference)
    record_refund_result(refund_id=refund.pk, answer=answer, key=str(refund.pk))


@handles("authorization.expired")
def follow_expiry(event: InboundEvent) -> None:
    """The provider let go of what was held because its time was over."""
    attempt = find_attempt(event.connector, event.object_reference)
    if attempt is not None:
        expire_authorization(attempt_id=attempt.pk)


ignore("authorization.incremented")

"""What a provider tells by itself. The event says that something changed; what is true now is
asked of the provider, so that any order and any number of repeats ends in the same state."""

from __future__ import annotations

import functools
from collections.abc import Callable

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal
from payments.commands.payments import expire_authorization, record_authorization
from payments.commands.voids import record_void_result
from payments.gateways.events import EventHandler, TooEarly, handles, ignore
from payments.gateways.models import InboundEvent
from payments.gateways.protocol import AuthorizationAnswer, OperationAnswer, OperationStatus
from payments.ledger.money import Money
from payments.models import Asking, Attempt, Increment
from payments.queries.payments import find_capture, find_refund
from payments.queries.unsettled import list_open_captures, list_open_increments
from payments.tasks.asking import gateway_of, sought_of
from payments.tasks.late import follow_late
from payments.tasks.resolve import settle
from payments.tasks.send import tell_capture, tell_refund, void_operation_key

OPEN = ("pending", "unknown", "conflicted", "requires_action")
"""What waits for its answer."""


def or_late(follow: Callable[[InboundEvent, Attempt], None]) -> EventHandler:
    """What turned up after its attempt had failed is followed in its own way; else the attempt is
    given on, which was looked for together with it."""

    @functools.wraps(follow)
    def follow_either(event: InboundEvent) -> None:
        is_late, attempt = follow_late(event)
        if is_late:
            return
        if attempt is None:
            raise TooEarly
        follow(event, attempt)

    return follow_either


@handles("authorization.authorized", "authorization.partially_authorized")
@handles("authorization.declined", "authorization.requires_action", "authorization.pending")
@handles("payment_intent.amount_capturable_updated", "payment_intent.requires_action")
@handles("payment_intent.processing", "payment_intent.payment_failed")
@or_late
def follow_authorization(_event: InboundEvent, attempt: Attempt) -> None:
    """An authorization has been decided."""
    answer = _ask_about(attempt)
    _check_hold(attempt, answer)
    record_authorization(attempt_id=attempt.pk, answer=answer, key=str(attempt.pk))


@handles("authorization.incremented")
@or_late
def follow_increment(_event: InboundEvent, attempt: Attempt) -> None:
    """More is held: each increase that we asked for and know no end of is asked about."""
    for increment in list_open_increments(attempt.pk):
        settle(increment)


@handles("payment_intent.succeeded", "payment_intent.partially_funded", "charge.captured")
@or_late
def follow_taken(_event: InboundEvent, attempt: Attempt) -> None:
    """Something of what was held was taken: what we know no end of is asked about."""
    for capture in list_open_captures(attempt.pk):
        settle(capture)


@handles("authorization.voided", "payment_intent.canceled")
@or_late
def follow_void(event: InboundEvent, attempt: Attempt) -> None:
    """What was held has been let go, because we asked for it or for another reason."""
    if attempt.status in (Attempt.Status.VOIDING, Attempt.Status.VOID_UNKNOWN):
        outcome = gateway_of(attempt).find_operation(
            void_operation_key(attempt), sought_of(attempt)
        )
        if outcome is not None:
            record_void_result(
                attempt_id=attempt.pk, answer=outcome, key=void_operation_key(attempt)
            )
            return
    answer = _ask_about(attempt)
    payment = attempt.payment
    nothing_comes = not (payment.capture_pending_minor or payment.increment_pending_minor)
    if nothing_comes and answer.capturable is not None and answer.capturable.is_zero:
        let_go = OperationAnswer(
            status=OperationStatus.SUCCEEDED,
            reference=event.object_reference,
            amount=payment.money(attempt.void_minor),
            raw_status="voided",
        )
        record_void_result(attempt_id=attempt.pk, answer=let_go, key=void_operation_key(attempt))


@handles("capture.succeeded", "capture.failed", "capture.voided")
def follow_capture(event: InboundEvent) -> None:
    """A capture has ended, or was taken back."""
    capture = find_capture(event.connector, event.object_reference)
    if capture is None:
        _follow_unknown(event)
        return
    answer = gateway_of(capture).retrieve_capture(event.object_reference)
    _check_amount(capture, answer.amount, capture.amount)
    tell_capture(capture, answer)


@handles("refund.succeeded", "refund.failed", "refund.created", "refund.updated")
@handles("charge.refund.updated")
def follow_refund(event: InboundEvent) -> None:
    """A refund has ended, or has come back after it had."""
    refund = find_refund(event.connector, event.object_reference)
    if refund is None:
        _follow_unknown(event)
        return
    answer = gateway_of(refund).retrieve_refund(event.object_reference)
    _check_amount(refund, answer.amount, refund.amount)
    tell_refund(refund, answer)


@handles("authorization.expired")
@or_late
def follow_expiry(_event: InboundEvent, attempt: Attempt) -> None:
    """The provider let go of what was held because its time was over."""
    answer = _ask_about(attempt)
    if answer.capturable is not None and answer.capturable.is_zero:
        expire_authorization(attempt_id=attempt.pk, is_told=True)


ignore("payment_intent.created", "charge.succeeded", "charge.failed", "charge.pending")
ignore("charge.updated", "charge.refunded", "charge.expired", "balance.available")
# The PaymentIntent or the refund of which they speak has an event of its own.


def _check_hold(attempt: Attempt, answer: AuthorizationAnswer) -> None:
    """Raises Refusal when the provider speaks of more or less than is on our books: the event is
    put aside for a person."""
    if attempt.increments.filter(status__in=OPEN).exists():
        return
    granted = attempt.increments.filter(status=Increment.Status.SUCCEEDED)
    more = granted.aggregate(minor=Sum("amount_minor"))["minor"] or 0
    _check_amount(attempt, answer.amount, Money(attempt.amount_minor + more, attempt.currency))


def _check_amount(row: Asking, answered: Money, booked: Money) -> None:
    """Raises Refusal for another amount than that of a row which has its end. One that waits for
    its answer becomes *conflicted* instead, by the command that records it."""
    if row.status not in OPEN and answered != booked:
        raise Refusal("amount_differs", _("The provider speaks of another amount."), Kind.CONFLICT)


def _follow_unknown(event: InboundEvent) -> None:
    """What happened to an object that is none of our rows: it may be one that turned up late."""
    is_late, _attempt = follow_late(event)
    if not is_late:
        raise TooEarly


def _ask_about(attempt: Attempt) -> AuthorizationAnswer:
    return gateway_of(attempt).retrieve_authorization(attempt.provider_reference)

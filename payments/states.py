"""The machines. One table each: `{(status, event): status}`; the event's name stands in the log.

A payment has no machine of its own: its status is *derived* from its rows, and `MOVES` says which
changes of the derived status are possible at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal
from audit.work import Work
from payments.models import (
    Asking,
    Attempt,
    Capture,
    Increment,
    LateAuthorization,
    Payment,
    Refund,
)


class Event(StrEnum):
    """What can happen. The value is the event in the log."""

    PAYMENT_CORRECTED = "payments.payment.corrected"
    ATTEMPT_AUTHORIZED = "payments.attempt.authorized"
    ATTEMPT_DECLINED = "payments.attempt.declined"
    ATTEMPT_FAILED = "payments.attempt.failed"
    ATTEMPT_REROUTED = "payments.attempt.rerouted"
    ATTEMPT_ACTION_REQUIRED = "payments.attempt.action_required"
    ATTEMPT_LOST = "payments.attempt.lost"
    ATTEMPT_CONFLICTED = "payments.attempt.conflicted"
    ATTEMPT_CLOSING = "payments.attempt.closing"
    ATTEMPT_CLOSED = "payments.attempt.closed"
    ATTEMPT_REOPENED = "payments.attempt.reopened"
    ATTEMPT_EXPIRED = "payments.attempt.expired"
    ATTEMPT_ADOPTED = "payments.attempt.adopted"
    VOID_REQUESTED = "payments.void.requested"
    VOID_SUCCEEDED = "payments.void.succeeded"
    VOID_FAILED = "payments.void.failed"
    VOID_LOST = "payments.void.lost"
    INCREMENT_SUCCEEDED = "payments.increment.succeeded"
    INCREMENT_FAILED = "payments.increment.failed"
    INCREMENT_LOST = "payments.increment.lost"
    INCREMENT_CONFLICTED = "payments.increment.conflicted"
    CAPTURE_SUCCEEDED = "payments.capture.succeeded"
    CAPTURE_FAILED = "payments.capture.failed"
    CAPTURE_LOST = "payments.capture.lost"
    CAPTURE_CONFLICTED = "payments.capture.conflicted"
    CAPTURE_ADOPTED = "payments.capture.adopted"
    CAPTURE_VOID_REQUESTED = "payments.capture.void_requested"
    CAPTURE_VOIDED = "payments.capture.voided"
    CAPTURE_VOID_FAILED = "payments.capture.void_failed"
    CAPTURE_VOID_LOST = "payments.capture.void_lost"
    REFUND_APPROVED = "payments.refund.approved"
    REFUND_REJECTED = "payments.refund.rejected"
    REFUND_WITHDRAWN = "payments.refund.withdrawn"
    REFUND_LAPSED = "payments.refund.lapsed"
    REFUND_SUCCEEDED = "payments.refund.succeeded"
    REFUND_FAILED = "payments.refund.failed"
    REFUND_LOST = "payments.refund.lost"
    REFUND_CONFLICTED = "payments.refund.conflicted"
    REFUND_RETURNED = "payments.refund.returned"
    LATE_FOUND = "payments.late.found"
    LATE_RELEASE_REQUESTED = "payments.late.release_requested"
    LATE_RELEASED = "payments.late.released"
    LATE_RELEASE_REFUSED = "payments.late.release_refused"
    LATE_RELEASE_LOST = "payments.late.release_lost"
    LATE_TAKEN = "payments.late.taken"
    LATE_RETURN_REQUESTED = "payments.late.return_requested"
    LATE_RETURN_REFUSED = "payments.late.return_refused"
    LATE_RETURN_LOST = "payments.late.return_lost"
    LATE_RETURNED = "payments.late.returned"
    LATE_ADOPTED = "payments.late.adopted"
    LATE_BOOKED_OFF = "payments.late.booked_off"
    LATE_RECLAIMED = "payments.late.reclaimed"


A, I, C, R = Attempt.Status, Increment.Status, Capture.Status, Refund.Status  # noqa: E741
L, P, E = LateAuthorization.Status, Payment.Status, Event

_OPEN_ATTEMPT = (A.PENDING, A.UNKNOWN, A.CONFLICTED)

ATTEMPT: dict[tuple[str, Event], str] = {
    **{(status, E.ATTEMPT_AUTHORIZED): A.AUTHORIZED for status in _OPEN_ATTEMPT},
    **{(status, E.ATTEMPT_DECLINED): A.DECLINED for status in _OPEN_ATTEMPT},
    **{(status, E.ATTEMPT_FAILED): A.FAILED for status in _OPEN_ATTEMPT},
    **{(status, E.ATTEMPT_ACTION_REQUIRED): A.REQUIRES_ACTION for status in _OPEN_ATTEMPT},
    # It never reached its provider; the next attempt goes on elsewhere.
    (A.PENDING, E.ATTEMPT_REROUTED): A.FAILED,
    (A.PENDING, E.ATTEMPT_LOST): A.UNKNOWN,
    (A.PENDING, E.ATTEMPT_CONFLICTED): A.CONFLICTED,
    (A.UNKNOWN, E.ATTEMPT_CONFLICTED): A.CONFLICTED,
    (A.REQUIRES_ACTION, E.ATTEMPT_AUTHORIZED): A.AUTHORIZED,
    (A.REQUIRES_ACTION, E.ATTEMPT_DECLINED): A.DECLINED,
    (A.REQUIRES_ACTION, E.ATTEMPT_FAILED): A.FAILED,
    (A.REQUIRES_ACTION, E.ATTEMPT_CONFLICTED): A.CONFLICTED,
    (A.REQUIRES_ACTION, E.ATTEMPT_EXPIRED): A.EXPIRED,
    # A person takes for the payment what was taken after it had failed.
    (A.FAILED, E.ATTEMPT_ADOPTED): A.AUTHORIZED,
    (A.DECLINED, E.ATTEMPT_ADOPTED): A.AUTHORIZED,
    (A.AUTHORIZED, E.ATTEMPT_CLOSING): A.CLOSING,
    (A.AUTHORIZED, E.VOID_REQUESTED): A.VOIDING,
    (A.AUTHORIZED, E.VOID_SUCCEEDED): A.VOIDED,
    (A.AUTHORIZED, E.ATTEMPT_EXPIRED): A.EXPIRED,
    (A.CLOSING, E.ATTEMPT_CLOSED): A.VOIDED,
    (A.CLOSING, E.ATTEMPT_REOPENED): A.AUTHORIZED,
    (A.VOIDING, E.VOID_SUCCEEDED): A.VOIDED,
    (A.VOIDING, E.VOID_FAILED): A.AUTHORIZED,
    (A.VOIDING, E.VOID_LOST): A.VOID_UNKNOWN,
    (A.VOID_UNKNOWN, E.VOID_SUCCEEDED): A.VOIDED,
    (A.VOID_UNKNOWN, E.VOID_FAILED): A.AUTHORIZED,
}

INCREMENT: dict[tuple[str, Event], str] = {
    (I.PENDING, E.INCREMENT_SUCCEEDED): I.SUCCEEDED,
    (I.PENDING, E.INCREMENT_FAILED): I.FAILED,
    (I.PENDING, E.INCREMENT_LOST): I.UNKNOWN,
    (I.PENDING, E.INCREMENT_CONFLICTED): I.CONFLICTED,
    (I.UNKNOWN, E.INCREMENT_SUCCEEDED): I.SUCCEEDED,
    (I.UNKNOWN, E.INCREMENT_FAILED): I.FAILED,
    (I.UNKNOWN, E.INCREMENT_CONFLICTED): I.CONFLICTED,
    (I.CONFLICTED, E.INCREMENT_SUCCEEDED): I.SUCCEEDED,
    (I.CONFLICTED, E.INCREMENT_FAILED): I.FAILED,
}

CAPTURE: dict[tuple[str, Event], str] = {
    (C.PENDING, E.CAPTURE_SUCCEEDED): C.SUCCEEDED,
    (C.PENDING, E.CAPTURE_FAILED): C.FAILED,
    (C.PENDING, E.CAPTURE_LOST): C.UNKNOWN,
    (C.PENDING, E.CAPTURE_CONFLICTED): C.CONFLICTED,
    (C.UNKNOWN, E.CAPTURE_SUCCEEDED): C.SUCCEEDED,
    (C.UNKNOWN, E.CAPTURE_FAILED): C.FAILED,
    (C.UNKNOWN, E.CAPTURE_CONFLICTED): C.CONFLICTED,
    (C.CONFLICTED, E.CAPTURE_SUCCEEDED): C.SUCCEEDED,
    (C.CONFLICTED, E.CAPTURE_FAILED): C.FAILED,
    (C.SUCCEEDED, E.CAPTURE_VOID_REQUESTED): C.VOIDING,
    (C.SUCCEEDED, E.CAPTURE_VOIDED): C.VOIDED,
    (C.VOIDING, E.CAPTURE_VOIDED): C.VOIDED,
    (C.VOIDING, E.CAPTURE_VOID_FAILED): C.SUCCEEDED,
    (C.VOIDING, E.CAPTURE_VOID_LOST): C.VOID_UNKNOWN,
    (C.VOID_UNKNOWN, E.CAPTURE_VOIDED): C.VOIDED,
    (C.VOID_UNKNOWN, E.CAPTURE_VOID_FAILED): C.SUCCEEDED,
}

REFUND: dict[tuple[str, Event], str] = {
    (R.AWAITING_APPROVAL, E.REFUND_APPROVED): R.PENDING,
    (R.AWAITING_APPROVAL, E.REFUND_REJECTED): R.REJECTED,
    (R.AWAITING_APPROVAL, E.REFUND_WITHDRAWN): R.WITHDRAWN,
    (R.AWAITING_APPROVAL, E.REFUND_LAPSED): R.LAPSED,
    (R.PENDING, E.REFUND_SUCCEEDED): R.SUCCEEDED,
    (R.PENDING, E.REFUND_FAILED): R.FAILED,
    (R.PENDING, E.REFUND_LOST): R.UNKNOWN,
    (R.PENDING, E.REFUND_CONFLICTED): R.CONFLICTED,
    (R.UNKNOWN, E.REFUND_SUCCEEDED): R.SUCCEEDED,
    (R.UNKNOWN, E.REFUND_FAILED): R.FAILED,
    (R.UNKNOWN, E.REFUND_CONFLICTED): R.CONFLICTED,
    (R.CONFLICTED, E.REFUND_SUCCEEDED): R.SUCCEEDED,
    (R.CONFLICTED, E.REFUND_FAILED): R.FAILED,
    (R.SUCCEEDED, E.REFUND_RETURNED): R.RETURNED,
}

_HOLDING_LATE = (L.VOIDING, L.VOID_UNKNOWN, L.HELD)

LATE: dict[tuple[str, Event], str] = {
    **{(status, E.LATE_RELEASED): L.VOIDED for status in _HOLDING_LATE},
    **{(status, E.LATE_TAKEN): L.TAKEN for status in _HOLDING_LATE},
    (L.VOIDING, E.LATE_RELEASE_REFUSED): L.HELD,
    (L.VOIDING, E.LATE_RELEASE_LOST): L.VOID_UNKNOWN,
    (L.VOID_UNKNOWN, E.LATE_RELEASE_REFUSED): L.HELD,
    (L.HELD, E.LATE_RELEASE_REQUESTED): L.VOIDING,
    # The provider holds or has taken more of it after all.
    (L.VOIDED, E.LATE_RELEASE_REQUESTED): L.VOIDING,
    (L.VOIDED, E.LATE_TAKEN): L.TAKEN,
    (L.TAKEN, E.LATE_RELEASE_REQUESTED): L.VOIDING,
    (L.TAKEN, E.LATE_RETURN_REQUESTED): L.RETURNING,
    (L.TAKEN, E.LATE_ADOPTED): L.ADOPTED,
    (L.TAKEN, E.LATE_BOOKED_OFF): L.BOOKED_OFF,
    # Somebody gave it back at the provider.
    (L.TAKEN, E.LATE_RETURNED): L.RETURNED,
    (L.RETURNING, E.LATE_RETURNED): L.RETURNED,
    (L.RETURNING, E.LATE_RETURN_REFUSED): L.TAKEN,
    (L.RETURNING, E.LATE_RETURN_LOST): L.RETURN_UNKNOWN,
    (L.RETURNING, E.LATE_TAKEN): L.TAKEN,
    (L.RETURN_UNKNOWN, E.LATE_RETURNED): L.RETURNED,
    (L.RETURN_UNKNOWN, E.LATE_RETURN_REFUSED): L.TAKEN,
    (L.RETURN_UNKNOWN, E.LATE_TAKEN): L.TAKEN,
    # It came back, or more was taken.
    (L.RETURNED, E.LATE_TAKEN): L.TAKEN,
    (L.RETURNED, E.LATE_RELEASE_REQUESTED): L.VOIDING,
    # Something moved at the provider after all.
    (L.BOOKED_OFF, E.LATE_RECLAIMED): L.TAKEN,
}

TABLES: dict[type[Asking], dict[tuple[str, Event], str]] = {
    Attempt: ATTEMPT,
    Increment: INCREMENT,
    Capture: CAPTURE,
    Refund: REFUND,
    LateAuthorization: LATE,
}


def ended_without_money(attempt: Attempt) -> bool:
    """Whether an attempt is over and never held anything, as far as we were told."""
    if attempt.status == A.EXPIRED:
        return attempt.approved_minor == 0
    return attempt.status in (A.FAILED, A.DECLINED)


ON_THEIR_WAY = frozenset({"pending", "voiding", "returning"})
NOT_TOLD = frozenset({"unknown", "conflicted", "requires_action", "void_unknown", "return_unknown"})
ASKED_FOR = ON_THEIR_WAY | NOT_TOLD
"""The states of a row whose end is still to come from the provider."""

_MONEY_IN = {P.CAPTURED, P.PARTIALLY_CAPTURED, P.PARTIALLY_REFUNDED, P.REFUNDED}

MOVES: Mapping[str, Collection[str]] = {
    P.REQUIRES_CONFIRMATION: {P.PROCESSING, P.CANCELED},
    P.PROCESSING: {P.AUTHORIZED, P.FAILED, P.REQUIRES_ACTION, P.UNKNOWN, P.CONFLICTED},
    P.REQUIRES_ACTION: {P.AUTHORIZED, P.FAILED, P.EXPIRED, P.CONFLICTED},
    P.UNKNOWN: {P.AUTHORIZED, P.FAILED, P.REQUIRES_ACTION, P.CONFLICTED},
    P.CONFLICTED: {P.AUTHORIZED, P.FAILED, P.REQUIRES_ACTION},
    P.FAILED: {P.PROCESSING, P.CAPTURED},
    P.AUTHORIZED: {
        P.PARTIALLY_CAPTURED,
        P.CAPTURED,
        P.VOIDED,
        P.VOIDED_AFTER_CAPTURE,
        P.EXPIRED,
    },
    P.PARTIALLY_CAPTURED: _MONEY_IN - {P.PARTIALLY_CAPTURED} | {P.AUTHORIZED},
    P.CAPTURED: {
        P.PARTIALLY_CAPTURED,
        P.PARTIALLY_REFUNDED,
        P.REFUNDED,
        P.VOIDED_AFTER_CAPTURE,
    },
    P.PARTIALLY_REFUNDED: _MONEY_IN - {P.PARTIALLY_REFUNDED},
    P.REFUNDED: {P.PARTIALLY_REFUNDED, P.CAPTURED, P.PARTIALLY_CAPTURED},
    P.VOIDED: set(),
    P.VOIDED_AFTER_CAPTURE: {P.AUTHORIZED},
    P.EXPIRED: set(),
    P.CANCELED: set(),
}


def allowed_events(row: Asking) -> list[Event]:
    """The events that the row's state allows, in the order of the table."""
    return [event for (status, event) in TABLES[type(row)] if status == row.status]


def is_terminal(row: Asking) -> bool:
    """No event leads out of the row's state. Computed from the table."""
    return not allowed_events(row)


def next_status(row: Asking, event: Event) -> str:
    """The status after `event`; a conflict names from, event and what would be allowed."""
    status = TABLES[type(row)].get((row.status, event))
    if status is None:
        raise Refusal(
            "illegal_move",
            _("This is not possible any more: the state has changed."),
            Kind.CONFLICT,
            about=row,
            status=row.status,
            event=event.value,
            allowed=[one.value for one in allowed_events(row)],
        )
    return status


def move(work: Work, row: Asking, event: Event, **fields: object) -> None:
    """Move a loaded row along its table, with the other fields that change with it."""
    work.change(row, event=event.value, status=next_status(row, event), **fields)


UNTRIED = (P.REQUIRES_CONFIRMATION, P.CANCELED)
"""The states of a payment without an attempt: no provider was asked, and nothing is taken."""

ATTEMPT_STATUS: dict[str, str] = {
    A.PENDING: P.PROCESSING,
    A.REQUIRES_ACTION: P.REQUIRES_ACTION,
    A.UNKNOWN: P.UNKNOWN,
    A.CONFLICTED: P.CONFLICTED,
    A.DECLINED: P.FAILED,
    A.FAILED: P.FAILED,
    A.AUTHORIZED: P.AUTHORIZED,
    A.CLOSING: P.AUTHORIZED,
    A.VOIDING: P.AUTHORIZED,
    A.VOID_UNKNOWN: P.AUTHORIZED,
    A.VOIDED: P.VOIDED,
    A.EXPIRED: P.EXPIRED,
}


def derive(payment: Payment, last_attempt: Attempt) -> str:
    """The status of a payment from its amounts and its last attempt. Pure."""
    if payment.captured_minor == payment.authorized_minor == 0 < payment.capture_voided_minor:
        return P.VOIDED_AFTER_CAPTURE
    if payment.captured_minor == 0:
        return ATTEMPT_STATUS[last_attempt.status]
    if payment.refunded_minor == payment.captured_minor:
        return P.REFUNDED
    if payment.refunded_minor > 0:
        return P.PARTIALLY_REFUNDED
    if payment.captured_minor < payment.authorized_minor:
        return P.PARTIALLY_CAPTURED
    return P.CAPTURED


def settle(work: Work, payment: Payment, last_attempt: Attempt, event: str, **amounts: int) -> None:
    """Change a payment's amounts and derive its status anew; an impossible change raises."""
    work.change(payment, event=event, **amounts)
    status = derive(payment, last_attempt)
    if status != payment.status:
        end_up(work, payment, status, event)


def end_up(work: Work, payment: Payment, status: str, event: str) -> None:
    """Give a payment its status: for one that was never tried there is nothing to derive it from.
    An impossible change raises."""
    if status not in MOVES[payment.status]:
        raise Refusal(
            "illegal_move",
            _("This is not possible any more: the state has changed."),
            Kind.CONFLICT,
            about=payment,
            status=payment.status,
            event=event,
            allowed=sorted(MOVES[payment.status]),
        )
    work.change(payment, event=event, status=status)

"""The machines. One table each: `{(status, event): status}`; the event's name stands in the log.

A payment has no machine of its own: its status is *derived* from its rows, and `MOVES` says which
changes of the derived status are possible at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeVar

from django.utils.translation import gettext_lazy as _

from audit.errors import Kind, Refusal
from audit.work import Work
from payments.models import Attempt, Capture, Payment, Refund


class Event(StrEnum):
    """What can happen. The value is the event in the log."""

    ATTEMPT_AUTHORIZED = "payments.attempt.authorized"
    ATTEMPT_DECLINED = "payments.attempt.declined"
    ATTEMPT_FAILED = "payments.attempt.failed"
    ATTEMPT_ACTION_REQUIRED = "payments.attempt.action_required"
    ATTEMPT_LOST = "payments.attempt.lost"
    ATTEMPT_EXPIRED = "payments.attempt.expired"
    VOID_REQUESTED = "payments.void.requested"
    VOID_SUCCEEDED = "payments.void.succeeded"
    VOID_FAILED = "payments.void.failed"
    VOID_LOST = "payments.void.lost"
    CAPTURE_SUCCEEDED = "payments.capture.succeeded"
    CAPTURE_FAILED = "payments.capture.failed"
    CAPTURE_LOST = "payments.capture.lost"
    REFUND_APPROVED = "payments.refund.approved"
    REFUND_REJECTED = "payments.refund.rejected"
    REFUND_WITHDRAWN = "payments.refund.withdrawn"
    REFUND_LAPSED = "payments.refund.lapsed"
    REFUND_SUCCEEDED = "payments.refund.succeeded"
    REFUND_FAILED = "payments.refund.failed"
    REFUND_LOST = "payments.refund.lost"
    REFUND_RETURNED = "payments.refund.returned"


A, C, R, P, E = Attempt.Status, Capture.Status, Refund.Status, Payment.Status, Event

ATTEMPT: dict[tuple[str, Event], str] = {
    (A.PENDING, E.ATTEMPT_AUTHORIZED): A.AUTHORIZED,
    (A.PENDING, E.ATTEMPT_DECLINED): A.DECLINED,
    (A.PENDING, E.ATTEMPT_FAILED): A.FAILED,
    (A.PENDING, E.ATTEMPT_ACTION_REQUIRED): A.REQUIRES_ACTION,
    (A.PENDING, E.ATTEMPT_LOST): A.UNKNOWN,
    (A.UNKNOWN, E.ATTEMPT_AUTHORIZED): A.AUTHORIZED,
    (A.UNKNOWN, E.ATTEMPT_DECLINED): A.DECLINED,
    (A.UNKNOWN, E.ATTEMPT_FAILED): A.FAILED,
    (A.UNKNOWN, E.ATTEMPT_ACTION_REQUIRED): A.REQUIRES_ACTION,
    (A.REQUIRES_ACTION, E.ATTEMPT_AUTHORIZED): A.AUTHORIZED,
    (A.REQUIRES_ACTION, E.ATTEMPT_DECLINED): A.DECLINED,
    (A.REQUIRES_ACTION, E.ATTEMPT_FAILED): A.FAILED,
    (A.REQUIRES_ACTION, E.ATTEMPT_EXPIRED): A.EXPIRED,
    (A.AUTHORIZED, E.VOID_REQUESTED): A.VOIDING,
    (A.AUTHORIZED, E.VOID_SUCCEEDED): A.VOIDED,
    (A.AUTHORIZED, E.ATTEMPT_EXPIRED): A.EXPIRED,
    (A.VOIDING, E.VOID_SUCCEEDED): A.VOIDED,
    (A.VOIDING, E.VOID_FAILED): A.AUTHORIZED,
    (A.VOIDING, E.VOID_LOST): A.VOID_UNKNOWN,
    (A.VOID_UNKNOWN, E.VOID_SUCCEEDED): A.VOIDED,
    (A.VOID_UNKNOWN, E.VOID_FAILED): A.AUTHORIZED,
}

CAPTURE: dict[tuple[str, Event], str] = {
    (C.PENDING, E.CAPTURE_SUCCEEDED): C.SUCCEEDED,
    (C.PENDING, E.CAPTURE_FAILED): C.FAILED,
    (C.PENDING, E.CAPTURE_LOST): C.UNKNOWN,
    (C.UNKNOWN, E.CAPTURE_SUCCEEDED): C.SUCCEEDED,
    (C.UNKNOWN, E.CAPTURE_FAILED): C.FAILED,
}

REFUND: dict[tuple[str, Event], str] = {
    (R.AWAITING_APPROVAL, E.REFUND_APPROVED): R.PENDING,
    (R.AWAITING_APPROVAL, E.REFUND_REJECTED): R.REJECTED,
    (R.AWAITING_APPROVAL, E.REFUND_WITHDRAWN): R.WITHDRAWN,
    (R.AWAITING_APPROVAL, E.REFUND_LAPSED): R.LAPSED,
    (R.PENDING, E.REFUND_SUCCEEDED): R.SUCCEEDED,
    (R.PENDING, E.REFUND_FAILED): R.FAILED,
    (R.PENDING, E.REFUND_LOST): R.UNKNOWN,
    (R.UNKNOWN, E.REFUND_SUCCEEDED): R.SUCCEEDED,
    (R.UNKNOWN, E.REFUND_FAILED): R.FAILED,
    (R.SUCCEEDED, E.REFUND_RETURNED): R.RETURNED,
}

TABLES: dict[type[Attempt | Capture | Refund], dict[tuple[str, Event], str]] = {
    Attempt: ATTEMPT,
    Capture: CAPTURE,
    Refund: REFUND,
}

_MONEY_IN = {P.CAPTURED, P.PARTIALLY_CAPTURED, P.PARTIALLY_REFUNDED, P.REFUNDED}

MOVES: Mapping[str, Collection[str]] = {
    P.PROCESSING: {P.AUTHORIZED, P.FAILED, P.REQUIRES_ACTION, P.UNKNOWN},
    P.REQUIRES_ACTION: {P.AUTHORIZED, P.FAILED, P.EXPIRED},
    P.UNKNOWN: {P.AUTHORIZED, P.FAILED, P.REQUIRES_ACTION},
    P.FAILED: {P.PROCESSING},
    P.AUTHORIZED: {P.PARTIALLY_CAPTURED, P.CAPTURED, P.VOIDED, P.EXPIRED},
    P.PARTIALLY_CAPTURED: _MONEY_IN - {P.PARTIALLY_CAPTURED},
    P.CAPTURED: {P.PARTIALLY_REFUNDED, P.REFUNDED},
    P.PARTIALLY_REFUNDED: _MONEY_IN - {P.PARTIALLY_REFUNDED},
    P.REFUNDED: {P.PARTIALLY_REFUNDED, P.CAPTURED, P.PARTIALLY_CAPTURED},
    P.VOIDED: set(),
    P.EXPIRED: set(),
}

Row = TypeVar("Row", Attempt, Capture, Refund)


def allowed_events(row: Attempt | Capture | Refund) -> list[Event]:
    """The events that the row's state allows, in the order of the table."""
    return [event for (status, event) in TABLES[type(row)] if status == row.status]


def is_terminal(row: Attempt | Capture | Refund) -> bool:
    """No event leads out of the row's state. Computed from the table."""
    return not allowed_events(row)


def next_status(row: Attempt | Capture | Refund, event: Event) -> str:
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


def move(work: Work, row: Attempt | Capture | Refund, event: Event, **fields: object) -> None:
    """Move a loaded row along its table, with the other fields that change with it."""
    work.change(row, event=event.value, status=next_status(row, event), **fields)


ATTEMPT_STATUS: dict[str, str] = {
    A.PENDING: P.PROCESSING,
    A.REQUIRES_ACTION: P.REQUIRES_ACTION,
    A.UNKNOWN: P.UNKNOWN,
    A.DECLINED: P.FAILED,
    A.FAILED: P.FAILED,
    A.AUTHORIZED: P.AUTHORIZED,
    A.VOIDING: P.AUTHORIZED,
    A.VOID_UNKNOWN: P.AUTHORIZED,
    A.VOIDED: P.VOIDED,
    A.EXPIRED: P.EXPIRED,
}


def derive(payment: Payment, last_attempt: Attempt) -> str:
    """The status of a payment from its amounts and its last attempt. Pure."""
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
    if status == payment.status:
        return
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

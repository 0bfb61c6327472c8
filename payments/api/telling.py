"""What a shop is told of by itself: which entries of the log are events to it, and which are not.

Each event of payments and of parties that can stand in the log is in `TOLD` or in `SILENT`; a new
one that is in neither fails a test. A change is told on the row whose change it is, once, though
others change with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from audit.work import Change, Work
from payments.api.presenting import SHOWN, tell_customer, tell_payment, tell_refund
from payments.models import Attempt, Capture, Increment, Payment, Refund
from payments.parties.models import Customer
from payments.parties.queries import masked_many
from payments.queries.payments import list_stories
from payments.states import Event
from payments.webhooks import registry
from payments.webhooks.registry import About, Shown, TypeOf
from payments.webhooks.steps import held

BY_STATUS = {
    (Attempt, "authorized"): "payment.authorized",
    (Attempt, "declined"): "payment.declined",
    (Attempt, "failed"): "payment.failed",
    (Attempt, "voided"): "payment.voided",
    (Attempt, "expired"): "payment.expired",
    (Increment, "succeeded"): "payment.incremented",
    (Increment, "failed"): "payment.increment_failed",
    (Capture, "succeeded"): "payment.captured",
    (Capture, "failed"): "payment.capture_failed",
    (Capture, "voided"): "payment.capture_voided",
    (Refund, "succeeded"): "refund.succeeded",
    (Refund, "failed"): "refund.failed",
    (Refund, "returned"): "refund.returned",
}
"""What a state means to a shop that a person set by a correction."""


NOT_VOIDED = {Attempt: "payment.void_failed", Capture: "payment.capture_void_failed"}
VOIDING = ("voiding", "void_unknown")


def _authorized(change: Change) -> str:
    attempt: Any = change.obj
    is_part = attempt.approved_minor < attempt.amount_minor
    return "payment.partially_authorized" if is_part else "payment.authorized"


def _corrected(change: Change) -> str:
    row: Any = change.obj
    is_back = change.before is not None and change.before["status"] in VOIDING
    if is_back and row.status != "voided":
        return NOT_VOIDED[type(row)]
    if isinstance(row, Attempt) and row.status == Attempt.Status.AUTHORIZED:
        return _authorized(change)
    return BY_STATUS[type(row), row.status]


TOLD: Mapping[Any, Mapping[str, TypeOf]] = {
    Payment: {
        "payments.intent.canceled": "payment.canceled",
        "payments.intent.lapsed": "payment.lapsed",
    },
    Attempt: {
        Event.ATTEMPT_AUTHORIZED: _authorized,
        Event.ATTEMPT_DECLINED: "payment.declined",
        Event.ATTEMPT_FAILED: "payment.failed",
        Event.ATTEMPT_ACTION_REQUIRED: "payment.requires_action",
        Event.ATTEMPT_LOST: "payment.processing",
        Event.ATTEMPT_EXPIRED: "payment.expired",
        Event.VOID_SUCCEEDED: "payment.voided",
        Event.VOID_FAILED: "payment.void_failed",
        "payments.attempt.corrected": _corrected,
    },
    Increment: {
        Event.INCREMENT_SUCCEEDED: "payment.incremented",
        Event.INCREMENT_FAILED: "payment.increment_failed",
        "payments.increment.corrected": _corrected,
    },
    Capture: {
        Event.CAPTURE_SUCCEEDED: "payment.captured",
        Event.CAPTURE_FAILED: "payment.capture_failed",
        Event.CAPTURE_ADOPTED: "payment.captured",
        Event.CAPTURE_VOIDED: "payment.capture_voided",
        Event.CAPTURE_VOID_FAILED: "payment.capture_void_failed",
        "payments.capture.corrected": _corrected,
    },
    Refund: {
        "payments.refund.requested": "refund.requested",
        Event.REFUND_APPROVED: "refund.approved",
        Event.REFUND_REJECTED: "refund.rejected",
        Event.REFUND_WITHDRAWN: "refund.withdrawn",
        Event.REFUND_LAPSED: "refund.lapsed",
        Event.REFUND_SUCCEEDED: "refund.succeeded",
        Event.REFUND_FAILED: "refund.failed",
        Event.REFUND_RETURNED: "refund.returned",
        "payments.refund.corrected": _corrected,
    },
    Customer: {
        "parties.customer.created": "customer.created",
        "parties.customer.changed": "customer.updated",
        "parties.customer.merged": "customer.merged",
        "parties.customer.separated": "customer.separated",
    },
}

SILENT = frozenset(
    {
        # The shop's own call has answered it, or a later event tells how it ended.
        "payments.payment.created",
        "payments.intent.created",
        "payments.intent.confirmed",
        "payments.attempt.requested",
        "payments.attempt.recorded",
        "payments.increment.requested",
        "payments.capture.requested",
        "payments.void.requested",
        "payments.capture.void_requested",
        # To a shop it stays as it was: on its way.
        "payments.attempt.conflicted",
        "payments.increment.lost",
        "payments.increment.conflicted",
        "payments.capture.lost",
        "payments.capture.conflicted",
        "payments.capture.void_lost",
        "payments.void.lost",
        "payments.refund.lost",
        "payments.refund.conflicted",
        # Goes with another change, which is told.
        "payments.attempt.rerouted",
        "payments.attempt.adopted",
        "payments.late.adopted",
        "payments.attempt.closing",
        "payments.attempt.closed",
        "payments.attempt.reopened",
        "payments.attempt.raised",
        "payments.payment.corrected",
        # To a shop the payment has failed, whatever its provider does about it afterwards.
        "payments.late.found",
        "payments.late.release_requested",
        "payments.late.released",
        "payments.late.release_refused",
        "payments.late.release_lost",
        "payments.late.taken",
        "payments.late.return_requested",
        "payments.late.return_refused",
        "payments.late.return_lost",
        "payments.late.returned",
        "payments.late.lost",
        "payments.late.booked_off",
        "payments.late.reclaimed",
        "payments.late.decided",
        "payments.late.due",
        # The house's own affair.
        "payments.inquiry.requested",
        "payments.correction.requested",
        "payments.correction.made",
        "payments.correction.approved",
        "payments.correction.rejected",
        "payments.correction.withdrawn",
        "payments.correction.lapsed",
        "payments.bulk.requested",
        "payments.export.requested",
        "payments.days.completed",
        "payments.days.corrected",
        "payments.networkterms.created",
        "payments.networkterms.changed",
        "payments.networkterms.removed",
        "payments.refundreason.created",
        "payments.refundreason.changed",
        "payments.refundreason.removed",
        "parties.merchant.created",
        "parties.merchant.changed",
        "parties.currency.changed",
        "parties.currency.opened",
        "parties.card.added",
        "parties.merge.requested",
        "parties.merge.approved",
        "parties.merge.rejected",
        "parties.merge.withdrawn",
        "parties.merge.lapsed",
        "parties.merge.taken_back",
        "parties.split.requested",
        "parties.split.approved",
        "parties.split.rejected",
        "parties.split.withdrawn",
        "parties.split.lapsed",
        "parties.customer.reason",
    }
)

ORDER = (
    "payment.authorized",
    "payment.partially_authorized",
    "payment.requires_action",
    "payment.processing",
    "payment.declined",
    "payment.failed",
    "payment.expired",
    "payment.canceled",
    "payment.lapsed",
    "payment.incremented",
    "payment.increment_failed",
    "payment.captured",
    "payment.capture_failed",
    "payment.capture_voided",
    "payment.capture_void_failed",
    "payment.voided",
    "payment.void_failed",
    "refund.requested",
    "refund.approved",
    "refund.rejected",
    "refund.withdrawn",
    "refund.lapsed",
    "refund.succeeded",
    "refund.failed",
    "refund.returned",
    "customer.created",
    "customer.updated",
    "customer.merged",
    "customer.separated",
)
"""Every type there is, as they are offered."""


def _about_payment(work: Work, part: Any) -> About:
    payment: Payment = held(work, Payment, part.payment_id)
    return About("payment", payment, payment.merchant_id, payment.is_live)


def _about_refund(work: Work, refund: Refund) -> About:
    payment: Payment = held(work, Payment, refund.payment_id)
    return About("refund", refund, payment.merchant_id, payment.is_live)


def _about_customer(_work: Work, customer: Customer) -> About:
    return About("customer", customer, customer.merchant_id, customer.is_live)


def _about_itself(_work: Work, payment: Payment) -> About:
    return About("payment", payment, payment.merchant_id, payment.is_live)


ABOUT: Mapping[Any, Callable[[Work, Any], About]] = {
    Payment: _about_itself,
    Attempt: _about_payment,
    Increment: _about_payment,
    Capture: _about_payment,
    Refund: _about_refund,
    Customer: _about_customer,
}


def show_payments(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    """Payments as they are now. Four SELECTs."""
    rows = list(Payment.objects.filter(pk__in=ids).order_by("pk"))
    return {one.payment.pk: Shown(one.payment, tell_payment(one)) for one in list_stories(rows)}


def show_refunds(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    """Refunds as they are now. One SELECT."""
    rows = Refund.objects.filter(pk__in=ids).select_related("payment")
    return {one.pk: Shown(one, tell_refund(one)) for one in rows}


def show_customers(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    """Customers as they are now, masked. Two SELECTs."""
    rows = list(Customer.objects.filter(pk__in=ids).order_by("pk"))
    shown = masked_many(rows, SHOWN)
    return {one.pk: Shown(one, tell_customer(one, shown[one.pk])) for one in rows}


def register() -> None:
    """Have all this told."""
    for model, events in TOLD.items():
        # A payment's part moved when its status did, whatever else was noted under that event.
        by = [] if model is Customer else ["status"]
        registry.tell(model, ABOUT[model], events, ORDER, by)
    registry.presenters.update(payment=show_payments, refund=show_refunds, customer=show_customers)
    registry.links.update(payment="payments:detail", customer="parties:customer")

"""Things as the API tells them. Pure but for the queries that fetch the thing itself."""

from __future__ import annotations

import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from audit.actor import Actor
from audit.idempotency.answers import Presented, presenters
from audit.work import Work, capture
from payments.gateways.declines import UNKNOWN_CODE, explain
from payments.models import Attempt, Capture, Increment, Payment, Refund
from payments.parties.models import CardReference, Customer
from payments.parties.queries import get_customer, masked
from payments.policy import (
    capture_decision,
    confirm_decision,
    give_up_decision,
    increment_decision,
    lapses_at,
    refund_decision,
)
from payments.queries.payments import Story, get_brief_story
from payments.retrying import explain_capture_failure, outlook_of
from payments.webhooks.presenting import written

M = TypeVar("M", Attempt, Capture, Increment)
PROCESSING = "processing"
TOLD = {
    "pending": PROCESSING,
    "unknown": PROCESSING,
    "conflicted": PROCESSING,
    "void_unknown": "voiding",
}
"""A shop is never told that nobody knows: it waits, and a webhook follows."""
WAITING = Payment.Status.REQUIRES_CONFIRMATION
WAITS = {PROCESSING, "voiding", "closing"}


def told(status: str) -> str:
    """A status as a shop sees it, of whatever row."""
    return TOLD.get(status, status)


def tell_payment(story: Story) -> dict[str, Any]:
    """A payment with its attempts and captures."""
    payment = story.payment
    return {
        "id": str(payment.pk),
        "object": "payment",
        "livemode": payment.is_live,
        "reference": payment.reference,
        "status": told(payment.status),
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "amount_authorized": payment.authorized_minor,
        "amount_capturable": payment.capturable.minor,
        "amount_captured": payment.captured_minor,
        "amount_refundable": payment.refundable.minor,
        "amount_refunded": payment.refunded_minor,
        "capture_method": payment.capture_method,
        "order_reference": payment.order_reference,
        "customer": str(payment.customer_id) if payment.customer_id else None,
        "card": _card_of(story),
        "version": payment.version,
        "created_at": written(payment.created_at),
        "confirm_until": written(lapses_at(payment)) if payment.status == WAITING else None,
        "attempts": [_tell_attempt(one) for one in story.attempts],
        "captures": [_tell_capture(one) for one in story.captures],
        "increments": [_tell_increment(one) for one in story.increments],
        "actions": None,
    }


def _card_of(story: Story) -> str | None:
    """The card that was tried last, or is to be."""
    attempt = story.last_attempt
    card_id = attempt.card_id if attempt else story.payment.card_id
    return str(card_id) if card_id else None


def tell_actions(story: Story, actor: Actor, now: datetime) -> dict[str, Any]:
    """What this key may do with the payment now, and why not."""
    payment, attempt = story.payment, story.last_attempt
    decisions = {
        "confirm": confirm_decision(payment),
        "capture": capture_decision(actor, payment, attempt, None, now),
        "increment": increment_decision(actor, payment, attempt, None, now),
        "void": give_up_decision(actor, payment, attempt),
        "refund": refund_decision(actor, payment, None, None),
    }
    return {
        name: {"allowed": bool(one), "reason": str(one.reason)} for name, one in decisions.items()
    }


def is_settled(story: Story) -> bool:
    """Whether nothing of it waits for a provider."""
    statuses = [
        story.payment.status,
        *(one.status for one in story.attempts),
        *(one.status for one in story.captures),
        *(one.status for one in story.increments),
    ]
    return not any(told(status) in WAITS for status in statuses)


def _tell_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": str(attempt.pk),
        "number": attempt.number,
        "status": told(attempt.status),
        "connector": attempt.connector,
        "amount": attempt.amount_minor,
        "amount_approved": attempt.approved_minor,
        "card": str(attempt.card_id),
        "brand": attempt.card.brand,
        "last_four": attempt.card.last_four,
        "checks": {
            "avs": attempt.avs_result,
            "cvv": attempt.cvv_result,
            "three_ds": attempt.three_ds_result,
        },
        "decline": _tell_decline(attempt),
        "expires_at": written(attempt.expires_at),
        "expires_by": attempt.expires_by,
    }


def _tell_decline(attempt: Attempt) -> dict[str, Any] | None:
    if attempt.status != Attempt.Status.DECLINED:
        return None
    decline = explain(attempt.decline_code or UNKNOWN_CODE)
    return {
        "code": decline.code,
        "raw_code": attempt.raw_decline_code,
        "category": decline.category.value,
        "retryable": decline.retryable,
        "for_customer": str(decline.for_customer),
        "advice": str(decline.for_agent),
    }


def _tell_capture(capture: Capture) -> dict[str, Any]:
    return {
        "id": str(capture.pk),
        "amount": capture.amount_minor,
        "status": told(capture.status),
        "created_at": written(capture.created_at),
        "failure": _tell_failure(capture),
        "retry": _tell_retry(capture),
    }


def _tell_failure(capture: Capture) -> dict[str, Any] | None:
    if capture.status != Capture.Status.FAILED:
        return None
    failure = explain_capture_failure(capture.failure_code)
    return {
        "code": failure.code,
        "retryable": failure.is_retryable,
        "advice": str(failure.advice),
    }


def _tell_retry(capture: Capture) -> dict[str, Any] | None:
    outlook = outlook_of(capture)
    if outlook is None:
        return None
    return {
        "next_at": written(outlook.next_at),
        "asked": outlook.asked,
        "most": outlook.most,
    }


def _tell_increment(increment: Increment) -> dict[str, Any]:
    return {
        "id": str(increment.pk),
        "amount": increment.amount_minor,
        "status": told(increment.status),
        "created_at": written(increment.created_at),
    }


def tell_refund(refund: Refund) -> dict[str, Any]:
    """A refund; an unknown outcome is `processing`."""
    return {
        "id": str(refund.pk),
        "object": "refund",
        "livemode": refund.payment.is_live,
        "reference": refund.reference,
        "payment": str(refund.payment_id),
        "amount": refund.amount_minor,
        "currency": refund.currency,
        "status": told(refund.status),
        "reason": refund.reason_id,
        "failure_code": refund.failure_code,
        "arn": refund.arn,
        "version": refund.version,
        "created_at": written(refund.created_at),
    }


def tell_card(card: CardReference) -> dict[str, Any]:
    """A card: never more than brand and last four."""
    return {
        "id": str(card.pk),
        "object": "card",
        "livemode": card.is_live,
        "connector": card.connector,
        "brand": card.brand,
        "last_four": card.last_four,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "funding": card.funding,
        "country": card.country,
        "customer": str(card.customer_id) if card.customer_id else None,
        "created_at": written(card.created_at),
    }


def tell_customer(customer: Customer, shown: dict[str, str]) -> dict[str, Any]:
    """A customer with `shown`, his masked fields."""
    return {
        "id": str(customer.pk),
        "object": "customer",
        "livemode": customer.is_live,
        "reference": customer.reference,
        "name": shown["name"],
        "email": shown["email"],
        "phone": shown["phone"],
        "version": customer.version,
        "created_at": written(customer.created_at),
    }


SHOWN = ("name", "email", "phone")


def present_payment(payment_id: uuid.UUID) -> Presented:
    """201 once the provider has answered, 202 while it has not. Two SELECTs, at most three."""
    return _presented(get_brief_story(payment_id))


def _presented(story: Story) -> Presented:
    status = HTTPStatus.CREATED if is_settled(story) else HTTPStatus.ACCEPTED
    return int(status), tell_payment(story)


def present_with(work: Work, payment_id: uuid.UUID, read: Story | None) -> Presented | None:
    """As `present_payment` will tell it once `work` is written, without asking again: of what was
    `read` just before, and what `work` makes of it. None when the payment is another since."""
    payment, loaded = work.find_held(Payment, payment_id), work.find_loaded(Payment, payment_id)
    if payment is None or loaded != (capture(read.payment) if read else None):
        return None
    story = Story(
        payment,
        _with(work, Attempt, payment, read.attempts if read else []),
        _with(work, Capture, payment, read.captures if read else []),
        [],
        _with(work, Increment, payment, read.increments if read else []),
    )
    return _presented(story)


def _with(work: Work, model: type[M], payment: Payment, read: list[M]) -> list[M]:
    """Rows that were read, as `work` leaves them, and its new ones."""
    rows = []
    for row in read:
        held = work.find_held(model, row.pk)
        if isinstance(held, Attempt) and isinstance(row, Attempt):
            held.card = row.card
        rows.append(row if held is None else held)
    made: list[Any] = work.list_new(model)
    return rows + [one for one in made if one.payment_id == payment.pk]


def present_refund(refund_id: uuid.UUID) -> Presented:
    """201 once it is over, 202 while it is on its way. One SELECT."""
    return present_held_refund(Refund.objects.select_related("payment").get(pk=refund_id))


def present_held_refund(refund: Refund) -> Presented:
    """As `present_refund`, of a refund with its payment. No query."""
    waits = told(refund.status) == PROCESSING
    return int(HTTPStatus.ACCEPTED if waits else HTTPStatus.CREATED), tell_refund(refund)


def present_card(card_id: uuid.UUID) -> Presented:
    """One SELECT."""
    return int(HTTPStatus.CREATED), tell_card(CardReference.objects.get(pk=card_id))


def present_customer(customer_id: uuid.UUID) -> Presented:
    """Two SELECTs."""
    customer = get_customer(customer_id)
    return int(HTTPStatus.CREATED), tell_customer(customer, masked(customer, SHOWN))


def register() -> None:
    """Have what a key made presented anew for who repeats it."""
    presenters.update(
        payment=present_payment,
        refund=present_refund,
        card=present_card,
        customer=present_customer,
    )

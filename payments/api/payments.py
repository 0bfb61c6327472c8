"""Payments: take, confirm, capture, void, look."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Field, Query, Router, Schema

from audit import clock
from audit.access import saw
from audit.actor import current_actor
from audit.errors import Refusal
from payments.api.door import Scope, caller_of, once_for
from payments.api.finding import get_own_payment, get_own_story, missing, next_of, own, page_of
from payments.api.presenting import present_with, tell_actions, tell_payment
from payments.api.schemas import (
    CaptureIn,
    ConfirmIn,
    IncrementIn,
    Moment,
    NothingIn,
    PaymentIn,
    PaymentList,
    PaymentOut,
)
from payments.commands.capture_voids import void_capture
from payments.commands.captures import capture_payment
from payments.commands.increments import increment_authorization
from payments.commands.intents import cancel_intent, confirm_intent, create_intent
from payments.commands.payments import create_payment, retry_payment
from payments.commands.voids import void_payment
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Increment, Payment
from payments.queries.payments import Story, get_story, list_stories
from payments.states import UNTRIED

router = Router(tags=["payments"])
TAKEN = {201: PaymentOut, 202: PaymentOut}
READ, WRITE = Scope("payments:read"), Scope("payments:write")


@router.post("/payments", url_name="payments", response=TAKEN, auth=WRITE)
def take(request: HttpRequest, data: PaymentIn) -> HttpResponse:
    """Take a payment: ask the provider to hold the amount, and with `automatic` to capture it.

    201 with what the provider said (a decline is an answer, not an error), 202 while it has not
    answered: then it is `processing`, and a webhook follows. With `confirm` false nobody is asked
    yet: it is `requires_confirmation`.
    """
    caller = caller_of(request)
    given: dict[str, Any] = {
        "merchant_id": caller.merchant.pk,
        "customer_id": data.customer,
        "amount": _money(data.amount, data.currency),
        "order_reference": data.order_reference,
        "capture_method": data.capture_method,
        "is_live": caller.is_live,
    }

    def run(key: str) -> Payment:
        if not data.confirm:
            return create_intent(card_id=data.card, key=key, **given)
        if data.card is None:
            raise Refusal("card_required", _("Say which card: none was given yet."), field="card")
        return create_payment(card_id=data.card, key=key, **given)

    return once_for(
        request,
        "payment",
        run,
        lambda payment: payment.pk,
        lambda work, payment: present_with(work, payment.pk, None),
    )


def _money(minor: int, currency: str) -> Money:
    try:
        return Money(minor, currency)
    except ValueError:
        message = _("This currency is not known.")
        raise Refusal("currency_unknown", message, field="currency") from None


@router.post(
    "/payments/{uuid:payment_id}/confirm", url_name="payment_confirm", response=TAKEN, auth=WRITE
)
def confirm(request: HttpRequest, payment_id: uuid.UUID, data: ConfirmIn) -> HttpResponse:
    """Send a payment that waits to be confirmed, or try again after a decline, maybe with another
    card. Never while an outcome is unknown."""

    def act(payment: Payment, key: str) -> Attempt:
        send = confirm_intent if payment.status in UNTRIED else retry_payment
        return send(payment_id=payment.pk, card_id=data.card, key=key)

    return _act(request, payment_id, act)


def _act(
    request: HttpRequest,
    payment_id: uuid.UUID,
    act: Callable[[Payment, str], Payment | Attempt | Capture | Increment],
) -> HttpResponse:
    """Something done once with a payment of the caller's. A repeat does not ask for the payment."""
    read: list[Story] = []

    def run(key: str) -> Payment | Attempt | Capture | Increment:
        read.append(get_own_story(request, payment_id))
        return act(read[-1].payment, key)

    return once_for(
        request,
        "payment",
        run,
        lambda _row: payment_id,
        lambda work, _row: present_with(work, payment_id, read[-1]),
    )


@router.post(
    "/payments/{uuid:payment_id}/capture", url_name="payment_capture", response=TAKEN, auth=WRITE
)
def capture(request: HttpRequest, payment_id: uuid.UUID, data: CaptureIn) -> HttpResponse:
    """Take what is held, all of it or part; several captures are fine."""

    def act(payment: Payment, key: str) -> Capture:
        minor = payment.capturable.minor if data.amount is None else data.amount
        amount = payment.money(minor)
        return capture_payment(payment_id=payment.pk, amount=amount, is_final=data.final, key=key)

    return _act(request, payment_id, act)


@router.post(
    "/payments/{uuid:payment_id}/increment",
    url_name="payment_increment",
    response=TAKEN,
    auth=WRITE,
)
def increment(request: HttpRequest, payment_id: uuid.UUID, data: IncrementIn) -> HttpResponse:
    """Have more held than the customer first agreed to: nights added, a tip."""

    def act(payment: Payment, key: str) -> Increment:
        amount = payment.money(data.amount)
        return increment_authorization(payment_id=payment.pk, amount=amount, key=key)

    return _act(request, payment_id, act)


@router.post(
    "/payments/{uuid:payment_id}/captures/{uuid:capture_id}/void",
    url_name="payment_capture_void",
    response=TAKEN,
    auth=WRITE,
)
def void_captured(
    request: HttpRequest,
    payment_id: uuid.UUID,
    capture_id: uuid.UUID,
    data: NothingIn | None = None,
) -> HttpResponse:
    """Take a whole capture back before it is settled, which is no refund."""

    def act(payment: Payment, key: str) -> Capture:
        if not payment.captures.filter(pk=capture_id).exists():
            raise missing("capture_missing")
        return void_capture(capture_id=capture_id, key=key)

    return _act(request, payment_id, act)


@router.post(
    "/payments/{uuid:payment_id}/void", url_name="payment_void", response=TAKEN, auth=WRITE
)
def void(
    request: HttpRequest, payment_id: uuid.UUID, data: NothingIn | None = None
) -> HttpResponse:
    """Let go of what is held and not captured; give up what was not confirmed."""

    def act(payment: Payment, key: str) -> Payment:
        if payment.status in UNTRIED:
            return cancel_intent(payment_id=payment.pk)
        return void_payment(payment_id=payment.pk, key=key)

    return _act(request, payment_id, act)


class PaymentQuery(Schema):
    """Filters combine. `created_from` is inclusive, `created_until` is not."""

    limit: int = Field(20, ge=1, le=100)
    after: str = Field("", max_length=80)
    status: str = Field("", max_length=24)
    customer: uuid.UUID | None = None
    order_reference: str = Field("", max_length=80)
    created_from: Moment | None = None
    created_until: Moment | None = None


@router.get("/payments", url_name="payments", response={200: PaymentList}, auth=READ)
def list_(request: HttpRequest, query: Query[PaymentQuery]) -> dict[str, object]:
    """The merchant's payments, newest first. At most five SELECTs."""
    given = {
        "status": query.status,
        "customer_id": query.customer,
        "order_reference": query.order_reference,
        "created_at__gte": query.created_from,
        "created_at__lt": query.created_until,
    }
    page = page_of(
        own(request, Payment).filter(**{name: value for name, value in given.items() if value}),
        query.after,
        query.limit,
    )
    saw(request, page.rows)
    return {
        "data": [tell_payment(story) for story in list_stories(page.rows)],
        "next": next_of(page),
    }


@router.get(
    "/payments/{uuid:payment_id}",
    url_name="payment",
    response={200: PaymentOut},
    auth=READ,
)
def retrieve(request: HttpRequest, payment_id: uuid.UUID) -> dict[str, object]:
    """A payment, with what may be done now and why not. Five SELECTs."""
    payment = get_own_payment(request, payment_id)
    story = get_story(payment.pk)
    saw(request, payment)
    actions = tell_actions(story, current_actor(), clock.now())
    return {**tell_payment(story), "actions": actions}

"""Refunds: ask for one, look."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from audit.access import saw
from payments.api.door import Scope, once_for
from payments.api.finding import get_own_payment, get_own_refund, next_of, own, page_of
from payments.api.presenting import present_held_refund, tell_refund
from payments.api.schemas import RefundIn, RefundList, RefundOut
from payments.commands.refunds import refund_payment
from payments.models import Refund

router = Router(tags=["refunds"])
READ, WRITE = Scope("payments:read"), Scope("refunds:write")


@router.post(
    "/refunds",
    url_name="refunds",
    response={201: RefundOut, 202: RefundOut},
    auth=WRITE,
)
def refund(request: HttpRequest, data: RefundIn) -> HttpResponse:
    """Give money back. Never more than was captured and not yet refunded or on its way."""

    def run(key: str) -> Refund:
        payment = get_own_payment(request, data.payment)
        minor = payment.refundable.minor if data.amount is None else data.amount
        return refund_payment(
            payment_id=payment.pk,
            amount=payment.money(minor),
            reason=data.reason,
            comment=data.comment,
            key=key,
        )

    return once_for(
        request,
        "refund",
        run,
        lambda refund: refund.pk,
        lambda _work, refund: present_held_refund(refund),
    )


class RefundQuery(Schema):
    limit: int = Field(20, ge=1, le=100)
    after: str = Field("", max_length=80)
    payment: uuid.UUID | None = None


@router.get("/refunds", url_name="refunds", response={200: RefundList}, auth=READ)
def list_(request: HttpRequest, query: Query[RefundQuery]) -> dict[str, object]:
    """The merchant's refunds, newest first, or those of one payment."""
    rows = own(request, Refund).select_related("payment")
    if query.payment:
        rows = rows.filter(payment_id=query.payment)
    page = page_of(rows, query.after, query.limit)
    saw(request, page.rows)
    return {"data": [tell_refund(one) for one in page.rows], "next": next_of(page)}


@router.get(
    "/refunds/{uuid:refund_id}",
    url_name="refund",
    response={200: RefundOut},
    auth=READ,
)
def retrieve(request: HttpRequest, refund_id: uuid.UUID) -> dict[str, object]:
    """One refund."""
    found = get_own_refund(request, refund_id)
    saw(request, found)
    return tell_refund(found)

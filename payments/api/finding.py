"""A merchant's own things, and pages of them. Another merchant's are not there, and with a key for
tests neither are the real ones, nor the other way round."""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit import reads
from audit.errors import Kind, Refusal
from audit.keyset import Cursor, Page, Place, take
from payments.api.door import caller_of
from payments.models import Payment, Refund
from payments.parties.models import CardReference, Customer
from payments.queries.payments import Story, get_brief_story

M = TypeVar("M", bound=Model)


def own(request: HttpRequest, model: type[M]) -> QuerySet[M]:
    """The rows of `model` that the caller may meet: his merchant's, in his mode."""
    caller = caller_of(request)
    return model._default_manager.filter(merchant=caller.merchant, is_live=caller.is_live)


def missing(code: str) -> Refusal:
    return Refusal(code, _("There is no such thing."), Kind.MISSING)


def get_own_payment(request: HttpRequest, payment_id: uuid.UUID) -> Payment:
    """One SELECT. Raises Refusal (missing)."""
    caller = caller_of(request)
    found = reads.find(reads.Wanted(Payment, {"id": payment_id}))
    if (
        not found
        or found[0].merchant_id != caller.merchant.pk
        or found[0].is_live != caller.is_live
    ):
        raise missing("payment_missing")
    return found[0]


def get_own_story(request: HttpRequest, payment_id: uuid.UUID) -> Story:
    """A payment with its attempts and captures. Two SELECTs in one wait, at most four. Raises
    Refusal (missing)."""
    caller = caller_of(request)
    story = get_brief_story(payment_id)
    found = story.payment
    if found.merchant_id != caller.merchant.pk or found.is_live != caller.is_live:
        raise missing("payment_missing")
    return story


def get_own_refund(request: HttpRequest, refund_id: uuid.UUID) -> Refund:
    """One SELECT. Raises Refusal (missing)."""
    found = own(request, Refund).filter(pk=refund_id).select_related("payment").first()
    if found is None:
        raise missing("refund_missing")
    return found


def get_own_customer(request: HttpRequest, customer_id: uuid.UUID) -> Customer:
    """One SELECT. Raises Refusal (missing)."""
    found = own(request, Customer).filter(pk=customer_id).first()
    if found is None:
        raise missing("customer_missing")
    return found


def get_own_card(request: HttpRequest, card_id: uuid.UUID) -> CardReference:
    """One SELECT. Raises Refusal (missing)."""
    found = own(request, CardReference).filter(pk=card_id).first()
    if found is None:
        raise missing("card_missing")
    return found


def page_of(rows: QuerySet[M], after: str, limit: int) -> Page[M]:
    """A page of `rows`, newest first. One SELECT, two at the end. Raises Refusal for a cursor that
    no page has given."""
    try:
        place = Place(Cursor.read(after)) if after else Place()
    except ValueError:
        message = _("This is not the `next` of a page.")
        raise Refusal("cursor_invalid", message, field="after") from None
    return take(rows, place, by="created_at", descending=True, size=limit)


def next_of(page: Page[M]) -> str | None:
    return str(page.after) if page.after else None

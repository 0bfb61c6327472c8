"""Customers and cards. What is personal comes in and is never told in clear again."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Field, Query, Router, Schema

from audit.access import saw
from audit.errors import Kind, Refusal
from payments.api.door import Caller, Scope, caller_of, once_for
from payments.api.finding import get_own_card, get_own_customer, next_of, own, page_of
from payments.api.presenting import SHOWN, tell_card, tell_customer
from payments.api.schemas import (
    CardIn,
    CardOut,
    CustomerChange,
    CustomerIn,
    CustomerList,
    CustomerOut,
)
from payments.gateways.errors import GatewayError, Rejected
from payments.gateways.registry import NoSuchConnector, get_merchants_gateway
from payments.parties.commands import add_card, create_customer, update_customer
from payments.parties.models import Customer
from payments.parties.policy import CardDetails
from payments.parties.queries import masked, masked_many

router = Router(tags=["customers and cards"])
READ, WRITE = Scope("customers:read"), Scope("customers:write")


@router.post(
    "/customers",
    url_name="customers",
    response={201: CustomerOut},
    auth=WRITE,
)
def create(request: HttpRequest, data: CustomerIn) -> HttpResponse:
    """Take a customer in."""
    caller = caller_of(request)
    return once_for(
        request,
        "customer",
        lambda key: create_customer(
            merchant_id=caller.merchant.pk, is_live=caller.is_live, key=key, **data.dict()
        ),
        lambda customer: customer.pk,
    )


class PageQuery(Schema):
    limit: int = Field(20, ge=1, le=100)
    after: str = Field("", max_length=80)


@router.get("/customers", url_name="customers", response={200: CustomerList}, auth=READ)
def list_(request: HttpRequest, query: Query[PageQuery]) -> dict[str, object]:
    """The merchant's customers, newest first, masked. Two or three SELECTs."""
    page = page_of(own(request, Customer), query.after, query.limit)
    saw(request, page.rows)
    shown = masked_many(page.rows, SHOWN)
    data = [tell_customer(one, shown[one.pk]) for one in page.rows]
    return {"data": data, "next": next_of(page)}


@router.get(
    "/customers/{uuid:customer_id}",
    url_name="customer",
    response={200: CustomerOut},
    auth=READ,
)
def retrieve(request: HttpRequest, customer_id: uuid.UUID) -> dict[str, object]:
    """One customer, masked."""
    customer = get_own_customer(request, customer_id)
    saw(request, customer)
    return tell_customer(customer, masked(customer, SHOWN))


@router.patch(
    "/customers/{uuid:customer_id}",
    url_name="customer",
    response={200: CustomerOut},
    auth=WRITE,
)
def change(request: HttpRequest, customer_id: uuid.UUID, data: CustomerChange) -> dict[str, object]:
    """Change what is given. The same again changes nothing, so it needs no key."""
    customer = get_own_customer(request, customer_id)
    changed = update_customer(customer_id=customer.pk, **data.dict(exclude_unset=True))
    saw(request, changed)
    return tell_customer(changed, masked(changed, SHOWN))


@router.post("/cards", url_name="cards", response={201: CardOut}, auth=WRITE)
def add(request: HttpRequest, data: CardIn) -> HttpResponse:
    """Keep a card by the provider's token; what may be known of it is asked of the provider."""
    caller = caller_of(request)
    return once_for(
        request,
        "card",
        lambda key: add_card(
            merchant_id=caller.merchant.pk,
            customer_id=data.customer,
            connector=data.connector,
            card=_facts(caller, data),
            is_live=caller.is_live,
            key=key,
        ),
        lambda card: card.pk,
    )


def _facts(caller: Caller, data: CardIn) -> CardDetails:
    """Asked before anything is written. Raises Refusal (invalid, or a conflict: later)."""
    try:
        gateway = get_merchants_gateway(data.connector, caller.merchant.pk, is_live=caller.is_live)
        facts = gateway.get_card(data.token)
    except NoSuchConnector:
        message = _("There is no such provider.")
        raise Refusal("connector_unknown", message, field="connector") from None
    except Rejected:
        message = _("The provider does not know this token.")
        raise Refusal("token_unknown", message, field="token") from None
    except GatewayError:
        message = _("The provider does not answer. Try again later.")
        raise Refusal("provider_unavailable", message, Kind.CONFLICT) from None
    return CardDetails(
        token=data.token,
        brand=facts.brand,
        bin=facts.bin,
        last_four=facts.last4,
        exp_month=facts.exp_month,
        exp_year=facts.exp_year,
        fingerprint=facts.fingerprint,
        funding=facts.funding,
        country=facts.country,
    )


@router.get("/cards/{uuid:card_id}", url_name="card", response={200: CardOut}, auth=READ)
def retrieve_card(request: HttpRequest, card_id: uuid.UUID) -> dict[str, object]:
    """One card."""
    found = get_own_card(request, card_id)
    saw(request, found)
    return tell_card(found)

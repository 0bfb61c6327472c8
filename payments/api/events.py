"""What happened to a merchant's things, to be read in order, and the same that webhooks tell."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from pydantic import AwareDatetime

from audit.access import saw
from payments.api.door import Scope, caller_of
from payments.api.finding import next_of, page_of
from payments.api.schemas import CustomerOut, Moment, PaymentOut, RefundOut
from payments.webhooks import registry
from payments.webhooks.errors import no_such_event
from payments.webhooks.models import Event
from payments.webhooks.presenting import tell_event

router = Router(tags=["events"])
READ = Scope("events:read")


class EndpointOut(Schema):
    """Where events are sent. The secret is there only when it was just made."""

    id: uuid.UUID
    object: Literal["webhook_endpoint"]
    reference: str
    url: str
    description: str
    events: list[str]
    livemode: bool
    status: Literal["enabled", "disabled"]
    disabled_reason: str
    version: int
    created_at: AwareDatetime
    old_secret_until: AwareDatetime | None
    secret: str | None = None


class DataOut(Schema):
    """What the event is about, as it is now."""

    object: PaymentOut | RefundOut | CustomerOut | EndpointOut | None


class EventOut(Schema):
    """Something that happened. `version` is the object's after it: the highest is the latest."""

    id: uuid.UUID
    object: Literal["event"]
    type: str
    created_at: AwareDatetime
    livemode: bool
    version: int
    data: DataOut


class EventList(Schema):
    """`next` is the `after` of the following page, null on the last."""

    data: list[EventOut]
    next: str | None


class EventQuery(Schema):
    limit: int = Field(20, ge=1, le=100)
    after: str = Field("", max_length=80)
    type: str = Field("", max_length=40)
    object: uuid.UUID | None = None
    created_from: Moment | None = None
    created_until: Moment | None = None


@router.get("/events", url_name="events", response={200: EventList}, auth=READ)
def list_(request: HttpRequest, query: Query[EventQuery]) -> dict[str, object]:
    """The merchant's events in the key's mode, newest first: of one type or object, of a time.

    One SELECT for the page, and those that present its objects: at most nine.
    """
    caller = caller_of(request)
    rows = Event.objects.filter(merchant=caller.merchant, is_live=caller.is_live)
    if query.type:
        rows = rows.filter(type=query.type)
    if query.object:
        rows = rows.filter(object_id=query.object)
    if query.created_from:
        rows = rows.filter(created_at__gte=query.created_from)
    if query.created_until:
        rows = rows.filter(created_at__lt=query.created_until)
    page = page_of(rows, query.after, query.limit)
    return {"data": _shown(request, page.rows), "next": next_of(page)}


@router.get(
    "/events/{uuid:event_id}",
    url_name="event",
    response={200: EventOut},
    auth=READ,
)
def retrieve(request: HttpRequest, event_id: uuid.UUID) -> dict[str, Any]:
    """One event, with its object as it is now."""
    caller = caller_of(request)
    rows = Event.objects.filter(pk=event_id, merchant=caller.merchant, is_live=caller.is_live)
    found = rows.first()
    if found is None:
        raise no_such_event()
    return _shown(request, [found])[0]


def _shown(request: HttpRequest, events: list[Event]) -> list[dict[str, Any]]:
    """Events with their objects; whose data that shows goes on record."""
    objects = registry.present((one.object_kind, one.object_id) for one in events)
    saw(request, events)
    for shown in objects.values():
        saw(request, [shown.row])
    return [tell_event(one, objects.get(one.object_id)) for one in events]

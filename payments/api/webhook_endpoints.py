"""Where a merchant's system wants to be told: made, changed and closed by the system itself."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from audit.access import saw
from payments.api.door import Scope, caller_of, once_for
from payments.api.events import EndpointOut
from payments.api.finding import next_of, page_of
from payments.api.schemas import In
from payments.webhooks.commands.endpoints import (
    create_endpoint,
    disable_endpoint,
    enable_endpoint,
    rotate_secret,
    update_endpoint,
)
from payments.webhooks.errors import no_such_endpoint
from payments.webhooks.models import Endpoint
from payments.webhooks.presenting import tell_endpoint
from payments.webhooks.queries import list_endpoints

router = Router(tags=["webhook endpoints"])
WRITE = Scope("webhooks:write")
FOUND = {200: EndpointOut}
MADE = {201: EndpointOut}


class EndpointIn(In):
    """A public https address. No `events`: all of them."""

    url: str = Field(max_length=500)
    events: list[str] = Field([], max_length=40)
    description: str = Field("", max_length=120)


class EndpointChange(In):
    """What is to change; a field left out stays as it is. `enabled` true has it told again."""

    url: str | None = Field(None, max_length=500)
    events: list[str] | None = Field(None, max_length=40)
    description: str | None = Field(None, max_length=120)
    enabled: bool | None = None


class RotationIn(In):
    """For so many hours each message is signed with the old secret as well."""

    overlap_hours: int = Field(24)


class EndpointList(Schema):
    data: list[EndpointOut]
    next: str | None


class PageQuery(Schema):
    limit: int = Field(20, ge=1, le=100)
    after: str = Field("", max_length=80)


@router.post("/webhook_endpoints", url_name="webhook_endpoints", response=MADE, auth=WRITE)
def create(request: HttpRequest, data: EndpointIn) -> HttpResponse:
    """Have events sent to an address. The answer has the secret, and so has its repeat; nothing
    else ever shows it."""
    caller = caller_of(request)
    return once_for(
        request,
        "webhook_secret",
        lambda key: create_endpoint(
            merchant_id=caller.merchant.pk,
            is_live=caller.is_live,
            url=data.url,
            types=data.events,
            description=data.description,
            key=key,
        ),
        lambda endpoint: endpoint.pk,
    )


@router.get(
    "/webhook_endpoints",
    url_name="webhook_endpoints",
    response={200: EndpointList},
    auth=WRITE,
)
def list_(request: HttpRequest, query: Query[PageQuery]) -> dict[str, object]:
    """The merchant's endpoints in the key's mode, newest first, without what was removed."""
    caller = caller_of(request)
    rows = list_endpoints().filter(merchant=caller.merchant, is_live=caller.is_live)
    page = page_of(rows, query.after, query.limit)
    saw(request, page.rows)
    return {"data": [tell_endpoint(one) for one in page.rows], "next": next_of(page)}


@router.get(
    "/webhook_endpoints/{uuid:endpoint_id}", url_name="webhook_endpoint", response=FOUND, auth=WRITE
)
def retrieve(request: HttpRequest, endpoint_id: uuid.UUID) -> dict[str, Any]:
    """One endpoint, also one that was removed."""
    found = _get_own(request, endpoint_id)
    saw(request, found)
    return tell_endpoint(found)


@router.patch(
    "/webhook_endpoints/{uuid:endpoint_id}", url_name="webhook_endpoint", response=FOUND, auth=WRITE
)
def change(request: HttpRequest, endpoint_id: uuid.UUID, data: EndpointChange) -> dict[str, Any]:
    """Change what is given. The same again changes nothing, so it needs no key."""
    found = _get_own(request, endpoint_id)
    given = data.dict(exclude_unset=True)
    is_enabled = given.pop("enabled", None)
    if "events" in given:
        given["types"] = given.pop("events")
    if given:
        found = update_endpoint(endpoint_id=found.pk, **given)
    if is_enabled is not None:
        switch = enable_endpoint if is_enabled else disable_endpoint
        found = switch(endpoint_id=found.pk)
    return tell_endpoint(found)


@router.delete(
    "/webhook_endpoints/{uuid:endpoint_id}", url_name="webhook_endpoint", response=FOUND, auth=WRITE
)
def remove(request: HttpRequest, endpoint_id: uuid.UUID) -> dict[str, Any]:
    """Nothing is sent there ever again. What was sent stays on record."""
    found = _get_own(request, endpoint_id)
    if found.reason != Endpoint.Reason.REMOVED:
        found = disable_endpoint(endpoint_id=found.pk, reason=Endpoint.Reason.REMOVED)
    return tell_endpoint(found)


@router.post(
    "/webhook_endpoints/{uuid:endpoint_id}/rotate",
    url_name="webhook_endpoint_rotate",
    response=MADE,
    auth=WRITE,
)
def rotate(request: HttpRequest, endpoint_id: uuid.UUID, data: RotationIn) -> HttpResponse:
    """A new secret, in the answer; the old one signs too for `overlap_hours`: 0, 24, 168 or 720."""

    def run(_key: str) -> Endpoint:
        found = _get_own(request, endpoint_id)
        return rotate_secret(
            endpoint_id=found.pk, overlap_hours=data.overlap_hours, version=found.version
        )

    return once_for(request, "webhook_secret", run, lambda endpoint: endpoint.pk)


def _get_own(request: HttpRequest, endpoint_id: uuid.UUID) -> Endpoint:
    """One SELECT. Raises Refusal (missing)."""
    caller = caller_of(request)
    rows = Endpoint.objects.filter(pk=endpoint_id, merchant=caller.merchant, is_live=caller.is_live)
    found = rows.first()
    if found is None:
        raise no_such_endpoint()
    return found

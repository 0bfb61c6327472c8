"""Events and endpoints as the API tells them."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from audit.encryption import unseal_secret
from audit.idempotency.answers import Presented
from payments.webhooks import registry
from payments.webhooks.models import Endpoint, Event
from payments.webhooks.queries import get_endpoint
from payments.webhooks.registry import Shown

ENDPOINT = "webhook_endpoint"


def tell_event(event: Event, shown: Shown | None) -> dict[str, Any]:
    """An event with its object as it is now; `null` for one that is no more.

    `version` is the object's after the change that the event tells of. The object's own is at
    least as high: who keeps the highest is right, in whatever order events arrive.
    """
    return {
        "id": str(event.pk),
        "object": "event",
        "type": event.type,
        "created_at": written(event.created_at),
        "livemode": event.is_live,
        "version": event.version,
        "data": {"object": shown.data if shown else None},
    }


def body_of(event: Event, shown: Shown | None) -> str:
    """What is sent to an endpoint."""
    return json.dumps(tell_event(event, shown), separators=(",", ":"), ensure_ascii=True)


def tell_endpoint(endpoint: Endpoint, *, secret: str | None = None) -> dict[str, Any]:
    """An endpoint; its secret only where it was just made."""
    return {
        "id": str(endpoint.pk),
        "object": ENDPOINT,
        "reference": endpoint.reference,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": endpoint.types,
        "livemode": endpoint.is_live,
        "status": endpoint.status,
        "disabled_reason": endpoint.reason,
        "version": endpoint.version,
        "created_at": written(endpoint.created_at),
        "old_secret_until": written(endpoint.old_secret_until),
        "secret": secret,
    }


def written(moment: datetime | None) -> str | None:
    """An instant as every answer and message has it: in UTC, to the millisecond, with a Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def open_secret(endpoint: Endpoint) -> str:
    """The secret that signs. Raises DecryptionFailed when its key is gone."""
    return unseal_secret(endpoint.secret, place=endpoint.place_of_secret())


def present_endpoint(endpoint_id: uuid.UUID) -> Presented:
    """One SELECT."""
    return int(HTTPStatus.CREATED), tell_endpoint(get_endpoint(endpoint_id))


def present_secret(endpoint_id: uuid.UUID) -> Presented:
    """An endpoint with its secret, for whoever made it, and for his repeats. One SELECT."""
    endpoint = get_endpoint(endpoint_id)
    return int(HTTPStatus.CREATED), tell_endpoint(endpoint, secret=open_secret(endpoint))


def show_endpoints(ids: Any) -> dict[uuid.UUID, Shown]:
    """Endpoints as an event about them presents them. One SELECT."""
    rows = Endpoint.objects.filter(pk__in=ids)
    return {one.pk: Shown(one, tell_endpoint(one)) for one in rows}


registry.presenters[ENDPOINT] = show_endpoints

"""Reading what is told, and how its delivery goes."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from payments.webhooks.errors import no_such_delivery, no_such_endpoint, no_such_event
from payments.webhooks.models import Attempt, Delivery, Endpoint, Event

Status = Delivery.Status


def list_endpoints() -> QuerySet[Endpoint]:
    """All endpoints with their merchants and how they do; the caller orders and pages."""
    return Endpoint.objects.select_related("merchant", "health").exclude(
        reason=Endpoint.Reason.REMOVED
    )


def is_made(key: str) -> bool:
    """Whether a form with this key has made its endpoint already. One SELECT by index."""
    return Endpoint.objects.filter(key=key).exists()


def get_endpoint(endpoint_id: uuid.UUID) -> Endpoint:
    """An endpoint with its merchant and how it does. One SELECT. Raises Refusal (missing)."""
    rows = Endpoint.objects.select_related("merchant", "health", "created_by")
    found = rows.filter(pk=endpoint_id).first()
    if found is None:
        raise no_such_endpoint()
    return found


def list_deliveries() -> QuerySet[Delivery]:
    """All deliveries with event and endpoint; the caller filters, orders and pages."""
    return Delivery.objects.select_related("event", "endpoint", "endpoint__merchant")


def get_delivery(delivery_id: uuid.UUID) -> Delivery:
    """One delivery with event, endpoint and merchant. One SELECT. Raises Refusal (missing)."""
    found = list_deliveries().filter(pk=delivery_id).first()
    if found is None:
        raise no_such_delivery()
    return found


def list_attempts(delivery_id: uuid.UUID, most: int = 50) -> list[Attempt]:
    """The tries of a delivery, the latest first."""
    return list(Attempt.objects.filter(delivery_id=delivery_id).order_by("-number")[:most])


def list_events() -> QuerySet[Event]:
    """All events with their merchants; the caller filters, orders and pages."""
    return Event.objects.select_related("merchant")


def get_event(event_id: uuid.UUID) -> Event:
    """One event with its merchant. One SELECT. Raises Refusal (missing)."""
    found = list_events().filter(pk=event_id).first()
    if found is None:
        raise no_such_event()
    return found


def list_deliveries_of(event_id: uuid.UUID, most: int = 50) -> list[Delivery]:
    """Where an event was sent, the latest first."""
    rows = list_deliveries().filter(event_id=event_id)
    return list(rows.order_by("-created_at", "-pk")[:most])


def new_events(limit: int) -> QuerySet[Event]:
    """Events that nobody has sent on their way, oldest first. One index range."""
    rows = Event.objects.filter(is_announced=False).order_by("created_at", "pk")
    return rows.select_for_update(skip_locked=True)[:limit]


def has_new_events() -> bool:
    """Whether there are events that nobody has sent on their way. One SELECT."""
    return Event.objects.filter(is_announced=False).exists()


def due(now: datetime) -> QuerySet[Delivery]:
    """Deliveries that are to be tried now, or whose worker died."""
    waiting = Q(status=Status.WAITING, next_at__lte=now)
    abandoned = Q(status=Status.SENDING, leased_until__lt=now)
    return Delivery.objects.filter(waiting | abandoned)


def ready(now: datetime) -> QuerySet[Endpoint]:
    """Endpoints that something is due for, that are enabled and do not want to be left alone.

    One look by index for each endpoint, however much waits for it.
    """
    at_rest = Q(health__paused_until=None) | Q(health__paused_until__lte=now)
    waits = Exists(due(now).filter(endpoint_id=OuterRef("pk")))
    return Endpoint.objects.filter(at_rest, waits, status=Endpoint.Status.ENABLED)


def count_sending(now: datetime) -> dict[uuid.UUID, int]:
    """How many deliveries are on their way to each endpoint. One SELECT by index."""
    rows = Delivery.objects.filter(status=Status.SENDING, leased_until__gte=now)
    counted = rows.order_by().values_list("endpoint_id").annotate(Count("pk"))
    return dict(counted)


def choose_due(now: datetime, limit: int, at_once: int) -> list[uuid.UUID]:
    """Up to `limit` deliveries that are due, no more than `at_once` on their way to one endpoint.

    Each endpoint is asked for its own oldest, so that a thousand deliveries to one that hangs hide
    no other. It begins anywhere among them, so that nobody is always last. Three SELECTs, and one
    for each endpoint that is chosen.
    """
    flying = count_sending(now)
    full = [one for one, count in flying.items() if count >= at_once]
    rows = ready(now).exclude(pk__in=full).order_by("pk").values_list("pk", flat=True)
    start = uuid.uuid4()
    endpoints = list(rows.filter(pk__gte=start)[:limit])
    if len(endpoints) < limit:
        endpoints += rows.filter(pk__lt=start)[: limit - len(endpoints)]
    chosen: list[uuid.UUID] = []
    for endpoint_id in endpoints:
        room = min(at_once - flying.get(endpoint_id, 0), limit - len(chosen))
        oldest = due(now).filter(endpoint_id=endpoint_id).order_by("next_at", "pk")
        chosen += oldest.values_list("pk", flat=True)[:room]
    return chosen


def has_failed_since(endpoint_id: uuid.UUID, since: datetime) -> QuerySet[Delivery]:
    """What could not be delivered to an endpoint since a moment, oldest first."""
    rows = Delivery.objects.filter(
        endpoint_id=endpoint_id, status=Status.FAILED, created_at__gte=since
    )
    return rows.order_by("created_at", "pk")

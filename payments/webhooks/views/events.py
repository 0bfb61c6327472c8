"""What merchants' systems are told of, whether or not one listens."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit import keyset
from audit.access import saw
from audit.actor import current_actor
from audit.gate import requires
from payments.parties.queries import list_merchants
from payments.webhooks import registry
from payments.webhooks.forms import EventFilter
from payments.webhooks.models import Event
from payments.webhooks.presenting import tell_event
from payments.webhooks.queries import get_event, list_deliveries_of, list_events

VIEW, SEE_DELIVERIES = "webhooks.view_event", "webhooks.view_delivery"


@requires(VIEW)
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Events, newest first, of one merchant, mode, type or object. Three SELECTs."""
    form = EventFilter(request.GET, list_merchants())
    form.is_valid()
    try:
        place = keyset.Place.read(request.GET)
    except ValueError:
        place = keyset.Place()
    page = keyset.take(_chosen(form.cleaned_data), place, by="created_at", descending=True)
    saw(request, page.rows)
    context = {
        "form": form,
        "rows": page.rows,
        "is_filtered": any(form.cleaned_data.values()),
        "pager": keyset.pager(page, request.path, request.GET),
    }
    return render(request, "webhooks/events.html", context)


def _chosen(given: dict[str, Any]) -> QuerySet[Event]:
    rows = list_events()
    if given.get("merchant"):
        rows = rows.filter(merchant_id=given["merchant"])
    if given.get("mode"):
        rows = rows.filter(is_live=given["mode"] == "live")
    if given.get("type"):
        rows = rows.filter(type=given["type"])
    if given.get("object"):
        rows = rows.filter(object_id=given["object"])
    return rows


@requires(VIEW)
@require_safe
def event(request: HttpRequest, event_id: uuid.UUID) -> HttpResponse:
    """One event as the API tells it now, and where it was sent. Seven SELECTs at most."""
    found = get_event(event_id)
    shown = registry.present([(found.object_kind, found.object_id)]).get(found.object_id)
    saw(request, found)
    if shown is not None:
        saw(request, [shown.row])
    context = {
        "event": found,
        "told": json.dumps(tell_event(found, shown), indent=2, ensure_ascii=False),
        "object_url": _page_of(found),
        "deliveries": list_deliveries_of(found.pk) if current_actor().may(SEE_DELIVERIES) else [],
    }
    return render(request, "webhooks/event.html", context)


def _page_of(found: Event) -> str:
    route = registry.links.get(found.object_kind)
    return reverse(route, args=[found.object_id]) if route else ""

"""What providers told us: to look at, to map, to replay."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from audit import keyset
from audit.access import saw
from audit.gate import requires
from payments.gateways.commands import close_event, map_word, replay_event, replay_events
from payments.gateways.masking import show_body
from payments.gateways.models import InboundEvent
from payments.gateways.queries import (
    advice_on,
    get_event,
    list_events,
    list_mappings,
    list_put_aside,
)


@requires("gateways.view_inboundevent")
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Events of one status, newest first (`?status=`), what was put aside by kind, and what was
    mapped."""
    status = request.GET.get("status", "")
    place = keyset.Place.read(request.GET)
    page = keyset.take(list_events(status), place, by="received_at", descending=True)
    saw(request, page.rows)
    context = {
        "rows": page.rows,
        "status": status,
        "statuses": InboundEvent.Status.choices,
        "kinds": list_put_aside(),
        "mappings": list(list_mappings()),
        "pager": keyset.pager(page, request.path, request.GET),
    }
    return render(request, "gateways/events.html", context)


@requires("gateways.view_inboundevent")
@require_safe
def event(request: HttpRequest, event_id: uuid.UUID) -> HttpResponse:
    """One event, its message as people may see it, and what became of it."""
    found = get_event(event_id)
    saw(request, found)
    advice = advice_on(found.note, found.object_kind)
    context = {"event": found, "body": show_body(found.body), "advice": advice}
    return render(request, "gateways/event.html", context)


@requires("gateways.view_inboundevent", "gateways.map_event")
@require_POST
def replays(request: HttpRequest, event_id: uuid.UUID) -> HttpResponse:
    """Process one event anew."""
    replay_event(event_id=event_id)
    messages.success(request, _("The event is processed anew."))
    return HttpResponseRedirect(reverse("gateways:event", args=[event_id]))


@requires("gateways.view_inboundevent", "gateways.map_event")
@require_POST
def closings(request: HttpRequest, event_id: uuid.UUID) -> HttpResponse:
    """Say that what was put aside is dealt with."""
    close_event(event_id=event_id)
    messages.success(request, _("The event is dealt with: nothing more is made of it."))
    return HttpResponseRedirect(reverse("gateways:event", args=[event_id]))


@requires("gateways.view_inboundevent", "gateways.map_event")
@require_POST
def kind_replays(request: HttpRequest) -> HttpResponse:
    """Process anew all that was put aside for one reason."""
    _replay(request)
    return HttpResponseRedirect(reverse("gateways:events"))


@requires("gateways.view_inboundevent", "gateways.map_event")
@require_POST
def mappings(request: HttpRequest) -> HttpResponse:
    """Say what a provider's word means, and process anew what was put aside for it."""
    map_word(
        connector=request.POST.get("connector", "")[:20],
        sort=request.POST.get("sort", "")[:8],
        object_kind=request.POST.get("object_kind", "")[:40],
        raw=request.POST.get("raw", "")[:200],
        meaning=request.POST.get("meaning", "")[:80],
    )
    _replay(request)
    return HttpResponseRedirect(reverse("gateways:events"))


def _replay(request: HttpRequest) -> None:
    count = replay_events(
        connector=request.POST.get("connector", "")[:20],
        type=request.POST.get("type", "")[:80],
        note=request.POST.get("note", "")[:200],
    )
    told = ngettext(
        "%(count)s event is processed anew.", "%(count)s events are processed anew.", count
    )
    messages.success(request, told % {"count": count})

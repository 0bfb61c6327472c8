"""How telling went: each delivery, each try, and having it done again."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from audit import clock, keyset
from audit.access import saw
from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires
from payments.webhooks.commands.deliveries import redeliver, redeliver_failed
from payments.webhooks.forms import AgainForm, DeliveryFilter
from payments.webhooks.models import Delivery
from payments.webhooks.queries import get_delivery, get_endpoint, list_attempts, list_deliveries
from payments.webhooks.showing import tries_of

VIEW, AGAIN = "webhooks.view_delivery", "webhooks.redeliver_delivery"
SEE_PAYMENTS = "payments.view_payment"


@requires(VIEW)
@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    """Deliveries, newest first, of one endpoint, one state, one type. Two or three SELECTs."""
    form = DeliveryFilter(request.GET)
    form.is_valid()
    given = form.cleaned_data
    endpoint = get_endpoint(given["endpoint"]) if given.get("endpoint") else None
    try:
        place = keyset.Place.read(request.GET)
    except ValueError:
        place = keyset.Place()
    page = keyset.take(_chosen(given), place, by="created_at", descending=True)
    saw(request, page.rows)
    context = {
        "form": form,
        "endpoint": endpoint,
        "rows": page.rows,
        "is_filtered": any(given.values()),
        "pager": keyset.pager(page, request.path, request.GET),
    }
    return render(request, "webhooks/deliveries.html", context)


def _chosen(given: dict[str, object]) -> QuerySet[Delivery]:
    wanted = {name: given[name] for name in ("endpoint", "status", "type") if given.get(name)}
    if "endpoint" in wanted:
        wanted["endpoint_id"] = wanted.pop("endpoint")
    return list_deliveries().filter(**wanted)


@requires(VIEW)
@require_safe
def delivery(request: HttpRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """One delivery, with what was sent and what came back at each try. Three SELECTs.

    What was sent speaks of payments: it is shown to who may see those.
    """
    found = get_delivery(delivery_id)
    saw(request, found)
    in_full = current_actor().may(SEE_PAYMENTS)
    context = {
        "delivery": found,
        "tries": tries_of(list_attempts(found.pk), in_full=in_full),
        "in_full": in_full,
        "may_again": current_actor().may(AGAIN) and found.endpoint.is_enabled,
    }
    return render(request, "webhooks/delivery.html", context)


@requires(VIEW, AGAIN)
@require_POST
def redeliveries(request: HttpRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Have one delivered again."""
    redeliver(delivery_id=delivery_id)
    messages.success(request, _("It is delivered again: look again in a moment."))
    return HttpResponseRedirect(reverse("webhooks:delivery", args=[delivery_id]))


@requires(VIEW, AGAIN)
@require_POST
def endpoint_redeliveries(request: HttpRequest, endpoint_id: uuid.UUID) -> HttpResponse:
    """Have all delivered again that an endpoint did not take in the last days."""
    found = get_endpoint(endpoint_id)
    form = AgainForm(request.POST)
    if form.is_valid():
        since = clock.now() - timedelta(days=form.cleaned_data["days"])
        try:
            count = redeliver_failed(endpoint_id=found.pk, since=since)
        except Refusal as refusal:
            if refusal.kind is not Kind.CONFLICT:
                raise
            messages.info(request, refusal.message)
        else:
            told = ngettext(
                "%(count)s event is delivered again.",
                "%(count)s events are delivered again.",
                count,
            )
            messages.success(request, told % {"count": count})
    return HttpResponseRedirect(reverse("webhooks:endpoint", args=[found.pk]))

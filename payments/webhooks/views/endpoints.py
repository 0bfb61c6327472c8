"""Where merchants' systems are told: made, changed, rotated, tried out."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import clock, keyset
from audit.access import saw
from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires, step_up
from payments.parties.queries import list_merchants
from payments.webhooks.commands.endpoints import (
    create_endpoint,
    disable_endpoint,
    enable_endpoint,
    rotate_secret,
    send_test,
    update_endpoint,
)
from payments.webhooks.forms import (
    AgainForm,
    ChangeForm,
    EndpointForm,
    NewEndpointForm,
    RotationForm,
    SeenForm,
)
from payments.webhooks.models import Endpoint
from payments.webhooks.presenting import open_secret
from payments.webhooks.queries import get_endpoint, is_made, list_deliveries, list_endpoints

VIEW, ADD, CHANGE = "webhooks.view_endpoint", "webhooks.add_endpoint", "webhooks.change_endpoint"
SEE_DELIVERIES = "webhooks.view_delivery"
STALE = "webhook_endpoint_changed"
STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409}
LATEST = 10


@requires(VIEW)
@require_safe
def endpoints(request: HttpRequest) -> HttpResponse:
    """The endpoints, newest first. Two SELECTs."""
    try:
        place = keyset.Place.read(request.GET)
    except ValueError:
        place = keyset.Place()
    page = keyset.take(list_endpoints(), place, by="created_at", descending=True)
    saw(request, page.rows)
    pager = keyset.pager(page, request.path, request.GET)
    return render(request, "webhooks/endpoints.html", {"rows": page.rows, "pager": pager})


@requires(VIEW)
@require_safe
def endpoint(request: HttpRequest, endpoint_id: uuid.UUID) -> HttpResponse:
    """One endpoint, how it does, and its latest deliveries. Three SELECTs."""
    found = get_endpoint(endpoint_id)
    saw(request, found)
    rows = []
    if current_actor().may(SEE_DELIVERIES):
        latest = list_deliveries().filter(endpoint=found).order_by("-created_at", "-pk")
        rows = list(latest[:LATEST])
    context = {
        "endpoint": found,
        "rows": rows,
        "is_rotating": bool(found.old_secret_until and found.old_secret_until > clock.now()),
        "seen": SeenForm(found),
        "again": AgainForm(),
    }
    return render(request, "webhooks/endpoint.html", context)


@requires(VIEW, ADD)
@step_up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def endpoint_new(request: HttpRequest) -> HttpResponse:
    """Make an endpoint; the answer shows its secret, this once."""
    form = NewEndpointForm(list_merchants(), request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        is_repeat = is_made(str(given["key"]))
        try:
            made = create_endpoint(
                merchant_id=given["merchant"],
                is_live=given["mode"] == "live",
                url=given["url"],
                types=given["types"],
                description=given["description"],
                key=str(given["key"]),
            )
        except Refusal as refusal:
            return _refused(request, "webhooks/endpoint_new.html", form, refusal)
        return _show_once(request, made, "" if is_repeat else open_secret(made))
    status = 400 if form.is_bound else 200
    return render(request, "webhooks/endpoint_new.html", {"form": form}, status=status)


@requires(VIEW, CHANGE)
@step_up
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, endpoint_id: uuid.UUID) -> HttpResponse:
    """Another address, other events, other words."""
    found = get_endpoint(endpoint_id)
    saw(request, found)
    form = ChangeForm(found, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            update_endpoint(endpoint_id=found.pk, **form.cleaned_data)
        except Refusal as refusal:
            is_stale = refusal.code == STALE
            if is_stale:
                form.look_again(found)
            return _refused(
                request, "webhooks/change.html", form, refusal, endpoint=found, is_stale=is_stale
            )
        messages.success(request, _("The endpoint is changed."))
        return _to(found)
    context = {"form": form, "endpoint": found}
    return render(request, "webhooks/change.html", context, status=400 if form.is_bound else 200)


@requires(VIEW, CHANGE)
@step_up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rotation(request: HttpRequest, endpoint_id: uuid.UUID) -> HttpResponse:
    """A new secret, which the answer shows; the old one signs too for a while."""
    found = get_endpoint(endpoint_id)
    saw(request, found)
    form = RotationForm(found, request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        if given["version"] != found.version:
            messages.info(request, _("The secret was exchanged before: this form was old."))
            return _to(found)
        try:
            made = rotate_secret(
                endpoint_id=found.pk, overlap_hours=given["overlap"], version=given["version"]
            )
        except Refusal as refusal:
            return _refused(request, "webhooks/rotation.html", form, refusal, endpoint=found)
        return _show_once(request, made, open_secret(made))
    context = {"form": form, "endpoint": found}
    return render(request, "webhooks/rotation.html", context, status=400 if form.is_bound else 200)


@requires(VIEW, CHANGE)
@require_POST
def tests(request: HttpRequest, endpoint_id: uuid.UUID) -> HttpResponse:
    """Send an event to try the endpoint out."""
    found = get_endpoint(endpoint_id)
    form = SeenForm(found, request.POST)
    if form.is_valid():
        send_test(endpoint_id=found.pk, version=form.cleaned_data["version"])
        messages.success(request, _("An event is on its way: look again in a moment."))
    return _to(found)


@requires(VIEW, CHANGE)
@require_POST
def disabling(request: HttpRequest, endpoint_id: uuid.UUID) -> HttpResponse:
    """Send nothing there any more."""
    found = disable_endpoint(endpoint_id=endpoint_id)
    messages.success(request, _("The endpoint is disabled."))
    return _to(found)


@requires(VIEW, CHANGE)
@require_POST
def enabling(request: HttpRequest, endpoint_id: uuid.UUID) -> HttpResponse:
    """Send there again."""
    found = enable_endpoint(endpoint_id=endpoint_id)
    messages.success(request, _("The endpoint is enabled."))
    return _to(found)


def _to(found: Endpoint) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("webhooks:endpoint", args=[found.pk]))


def _show_once(request: HttpRequest, made: Endpoint, secret: str) -> HttpResponse:
    """The secret, unless this is a repeat: then it was shown before."""
    saw(request, made)
    return render(request, "webhooks/secret.html", {"endpoint": made, "secret": secret})


def _refused(
    request: HttpRequest,
    template: str,
    form: EndpointForm | RotationForm,
    refusal: Refusal,
    **more: Any,
) -> HttpResponse:
    if refusal.kind is Kind.MISSING:
        raise refusal
    field = str(refusal.details.get("field", ""))
    form.add_error(field if field in form.fields else None, str(refusal.message))
    return render(request, template, {"form": form, **more}, status=STATUS[refusal.kind])

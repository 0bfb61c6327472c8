"""Where payments go: the rules, and a look at where one would go."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import clock, keyset
from audit.access import saw
from audit.errors import Kind, Refusal
from audit.gate import requires, step_up
from payments.gateways.commands import end_route, set_route
from payments.gateways.forms import PreviewForm, RouteForm
from payments.gateways.policy import MANAGE
from payments.gateways.queries import list_accounts
from payments.gateways.queries.routes import list_candidates, list_routes
from payments.gateways.routing import Wanted, choose, plan
from payments.gateways.views.connectors import STATUS, VIEW
from payments.parties.queries import list_currencies, list_merchants


@requires(VIEW)
@require_safe
def routing(request: HttpRequest) -> HttpResponse:
    """The rules, changed last first; with `?merchant=&currency=…`, where such a payment would go.
    Six SELECTs."""
    place = keyset.Place.read(request.GET)
    page = keyset.take(list_routes(), place, by="changed_at", descending=True)
    saw(request, page.rows)
    form = PreviewForm(
        list_merchants(),
        list_currencies(),
        request.GET if "merchant" in request.GET else None,
    )
    preview = _preview(form.cleaned_data) if form.is_valid() else None
    context = {
        "routes": page.rows,
        "pager": keyset.pager(page, request.path, request.GET),
        "form": form,
        "preview": preview,
    }
    return render(request, "gateways/routing.html", context)


def _preview(given: dict[str, Any]) -> dict[str, Any]:
    wanted = Wanted(
        merchant_id=given["merchant"],
        currency=given["currency"],
        brand=given["brand"],
        is_live=given["mode"] == "live",
        connectors=frozenset({given["connector"]}),
    )
    steps = plan(wanted, list_candidates(wanted), clock.now())
    return {"steps": steps, "chosen": choose(steps)}


@requires(VIEW, MANAGE)
@step_up
@require_http_methods(["GET", "HEAD", "POST"])
def route_new(request: HttpRequest) -> HttpResponse:
    """Say where payments of a kind go; said anew, the new order counts."""
    form = _route_form(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _show(request, form, 400 if form.is_bound else 200)
    given = form.cleaned_data
    try:
        set_route(
            account_ids=form.account_ids,
            merchant_id=given["merchant"],
            is_live=given["mode"] == "live",
            currency=given["currency"],
            brand=given["brand"],
        )
    except Refusal as refusal:
        if refusal.kind is Kind.MISSING:
            raise
        field = str(refusal.details.get("field", ""))
        form.add_error(field if field in form.fields else None, str(refusal.message))
        return _show(request, form, STATUS[refusal.kind])
    messages.success(request, _("The rule counts from now on."))
    return HttpResponseRedirect(reverse("connectors:routing"))


def _route_form(data: QueryDict | None) -> RouteForm:
    return RouteForm(list_merchants(), list_currencies(), list_accounts(), data)


def _show(request: HttpRequest, form: RouteForm, status: int) -> HttpResponse:
    context = {
        "form": form,
        "title": _("New rule"),
        "submit": _("Let it count"),
        "back": reverse("connectors:routing"),
    }
    return render(request, "gateways/connector_form.html", context, status=status)


@requires(VIEW, MANAGE)
@require_POST
def route_ending(request: HttpRequest, route_id: uuid.UUID) -> HttpResponse:
    """A rule counts no more."""
    end_route(route_id=route_id)
    messages.success(request, _("The rule counts no more."))
    return HttpResponseRedirect(reverse("connectors:routing"))

"""The pages where keys of the API are made, rotated and revoked."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit import clock, keyset
from audit.access import saw
from audit.errors import Kind, Refusal
from audit.gate import requires, step_up
from config.api.commands import (
    create_api_key,
    make_secret_arguments,
    revoke_api_key,
    rotate_api_key,
)
from config.api.forms import ApiKeyForm, KeyedForm, RotationForm, scope_facts
from config.api.models import ApiKey
from config.api.policy import Secret, new_secret, why_closed
from config.api.queries import get_key, list_keys
from payments.parties.queries import list_merchants

VIEW, ADD, CHANGE = "api.view_apikey", "api.add_apikey", "api.change_apikey"
STATES = {"": _("open"), "revoked": _("revoked"), "expired": _("expired")}
STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409}
FIELDS = {
    "merchant_not_live": "mode",
    "scope_not_held": "scopes",
    "card_number": "name",
    "text_unreadable": "name",
}


@requires(VIEW)
@require_safe
def key_list(request: HttpRequest) -> HttpResponse:
    """The keys, newest first. Two SELECTs."""
    place = keyset.Place.read(request.GET)
    page = keyset.take(list_keys(), place, by="created_at", descending=True)
    saw(request, page.rows)
    now = clock.now()
    rows = [_row(key, why_closed(key, now)) for key in page.rows]
    pager = keyset.pager(page, request.path, request.GET)
    return render(request, "api/list.html", {"rows": rows, "pager": pager})


def _row(key: ApiKey, closed: str) -> dict[str, Any]:
    return {
        "key": key,
        "closed": closed,
        "state": STATES[closed],
        "scopes": scope_facts(key.scopes),
    }


@requires(VIEW, ADD)
@step_up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def key_new(request: HttpRequest) -> HttpResponse:
    """Make a key; the answer shows its secret, this once."""
    form = ApiKeyForm(list_merchants(), request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        secret = new_secret(is_live=given["mode"] == "live")
        try:
            made = create_api_key(
                merchant_id=given["merchant"],
                name=given["name"],
                scopes=given["scopes"],
                is_live=given["mode"] == "live",
                expires_at=form.expires_at(clock.now()),
                key=form.idempotency_key,
                **make_secret_arguments(secret),
            )
        except Refusal as refusal:
            return _refused(request, "api/new.html", form, refusal)
        return _show_once(request, made, secret)
    status = 400 if form.is_bound else 200
    return render(request, "api/new.html", {"form": form}, status=status)


@requires(VIEW, CHANGE)
@step_up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def key_rotation(request: HttpRequest, key_id: uuid.UUID) -> HttpResponse:
    """A successor for a key, whose secret the answer shows; the old one goes on for a while."""
    old = get_key(key_id)
    saw(request, old)
    form = RotationForm(request.POST if request.method == "POST" else None)
    more = {"key": old, "scopes": scope_facts(old.scopes)}
    if form.is_valid():
        secret = new_secret(is_live=old.is_live)
        try:
            made = rotate_api_key(
                key_id=old.pk,
                overlap_hours=form.cleaned_data["overlap"],
                key=form.idempotency_key,
                **make_secret_arguments(secret),
            )
        except Refusal as refusal:
            return _refused(request, "api/rotation.html", form, refusal, **more)
        return _show_once(request, made, secret)
    status = 400 if form.is_bound else 200
    return render(request, "api/rotation.html", {"form": form, **more}, status=status)


@requires(VIEW, CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def key_revocation(request: HttpRequest, key_id: uuid.UUID) -> HttpResponse:
    """Close a key at once."""
    key = get_key(key_id)
    saw(request, key)
    form = KeyedForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        revoke_api_key(key_id=key.pk)
        messages.success(request, _("Key %(key)s opens nothing any more.") % {"key": key})
        return HttpResponseRedirect(reverse("keys:list"))
    more = {"form": form, "key": key, "scopes": scope_facts(key.scopes)}
    return render(request, "api/revocation.html", more, status=400 if form.is_bound else 200)


def _show_once(request: HttpRequest, made: ApiKey, secret: Secret) -> HttpResponse:
    """The secret, unless this is a repeat: then only its hash is left, and the page says so."""
    is_first = made.digest == secret.digest
    saw(request, made)
    more = {"key": made, "secret": secret.text if is_first else ""}
    return render(request, "api/made.html", more)


def _refused(
    request: HttpRequest, template: str, form: KeyedForm, refusal: Refusal, **more: Any
) -> HttpResponse:
    if refusal.kind is Kind.MISSING:
        raise refusal
    field = FIELDS.get(refusal.code)
    form.add_error(field if field in form.fields else None, str(refusal.message))
    return render(request, template, {"form": form, **more}, status=STATUS[refusal.kind])

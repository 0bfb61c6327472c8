"""Our accounts at providers: what they can do, how they are, what they prove themselves with."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import clock, keyset
from audit.access import saw
from audit.errors import Kind, Refusal
from audit.gate import requires, step_up
from payments.gateways.breaker import State, state_of
from payments.gateways.capabilities import CAPABILITIES, LABELS, Feature
from payments.gateways.commands import (
    create_account,
    disable_account,
    enable_account,
    replace_api_key,
    replace_webhook_secret,
    request_trial,
)
from payments.gateways.forms import AccountForm, KeyForm, SecretForm
from payments.gateways.models import ConnectorAccount
from payments.gateways.policy import MANAGE, why_not_enabled
from payments.gateways.queries import get_account, list_all_accounts
from payments.parties.queries import list_merchants

VIEW = "gateways.view_connectoraccount"
STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409}
HEALTH = {
    State.CLOSED: _("answers"),
    State.OPEN: _("left in peace"),
    State.HALF_OPEN: _("being found out"),
}


@requires(VIEW)
@require_safe
def connectors(request: HttpRequest) -> HttpResponse:
    """The accounts, oldest first: the house's own before all; and what each connector can do. One
    SELECT."""
    place = keyset.Place.read(request.GET)
    page = keyset.take(list_all_accounts(), place, by="created_at", descending=False)
    saw(request, page.rows)
    context = {
        "rows": [_row(one) for one in page.rows],
        "pager": keyset.pager(page, request.path, request.GET),
        **_matrix(),
    }
    return render(request, "gateways/connectors.html", context)


def _row(account: ConnectorAccount) -> dict[str, Any]:
    state = state_of(account, clock.now())
    return {
        "account": account,
        "label": CAPABILITIES[account.connector].label,
        "needs_key": CAPABILITIES[account.connector].needs_key,
        "why_not": why_not_enabled(account),
        "health": HEALTH[state],
        "is_open": state is not State.CLOSED,
        "old_secret": account.previous_until is not None and account.previous_until > clock.now(),
    }


def _matrix() -> dict[str, Any]:
    cans = list(CAPABILITIES.values())
    lines = [(LABELS[one], [can.supports(one).value for can in cans]) for one in Feature]
    return {"connectors": cans, "lines": lines}


@requires(VIEW, MANAGE)
@step_up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account_new(request: HttpRequest) -> HttpResponse:
    """Add an account; its credentials are tried by a worker."""

    def add(given: dict[str, Any]) -> None:
        create_account(
            connector=given["connector"],
            name=given["name"],
            merchant_id=given["merchant"],
            is_live=given["mode"] == "live",
            api_key=given["api_key"],
            webhook_secret=given["webhook_secret"],
            key=f"account:{given['key']}",
        )

    form = AccountForm(list_merchants(), request.POST if request.method == "POST" else None)
    said = _("The account is added, and its credentials are being tried.")
    return _ask(request, form, add, said, title=_("New account"), submit=_("Add the account"))


@requires(VIEW, MANAGE)
@step_up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account_key(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """Give an account a new key, which is used once the provider has taken it."""
    account = get_account(account_id)
    saw(request, account)
    return _ask(
        request,
        KeyForm(request.POST if request.method == "POST" else None),
        lambda given: replace_api_key(account_id=account.pk, api_key=given["api_key"]),
        _("The new key is being tried; the one in use goes on until then."),
        title=_("New key"),
        submit=_("Have it tried"),
        account=account,
    )


@requires(VIEW, MANAGE)
@step_up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account_secret(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """Give an account a new webhook secret; the one before is good for a while."""
    account = get_account(account_id)
    saw(request, account)
    return _ask(
        request,
        SecretForm(request.POST if request.method == "POST" else None),
        lambda given: replace_webhook_secret(
            account_id=account.pk,
            webhook_secret=given["webhook_secret"],
            overlap_hours=given["overlap"],
        ),
        _("The webhook secret is replaced."),
        title=_("New webhook secret"),
        submit=_("Replace it"),
        account=account,
    )


def _ask(
    request: HttpRequest,
    form: forms.Form,
    act: Callable[[dict[str, Any]], object],
    said: Any,
    **more: Any,
) -> HttpResponse:
    """The form, until it is valid and `act` takes what it says; a refusal is shown in it."""
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except Refusal as refusal:
            if refusal.kind is Kind.MISSING:
                raise
            field = str(refusal.details.get("field", ""))
            form.add_error(field if field in form.fields else None, str(refusal.message))
            status = STATUS[refusal.kind]
        else:
            messages.success(request, said)
            return _back()
    context = {"form": form, "back": reverse("connectors:list"), **more}
    return render(request, "gateways/connector_form.html", context, status=status)


@requires(VIEW, MANAGE)
@require_POST
def trials(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """Have the credentials of an account tried again."""
    request_trial(account_id=account_id)
    messages.success(request, _("The credentials are being tried."))
    return _back()


@requires(VIEW, MANAGE)
@require_POST
def enabling(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """Let payments go through an account."""
    account = enable_account(account_id=account_id)
    messages.success(request, _("Payments may go through %(name)s now.") % {"name": account})
    return _back()


@requires(VIEW, MANAGE)
@require_POST
def disabling(request: HttpRequest, account_id: uuid.UUID) -> HttpResponse:
    """Let no new payment go through an account."""
    account = disable_account(account_id=account_id)
    messages.success(request, _("No new payment goes through %(name)s.") % {"name": account})
    return _back()


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("connectors:list"))

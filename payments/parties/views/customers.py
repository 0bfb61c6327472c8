"""The page of a customer, and its details revealed one by one."""

from __future__ import annotations

import uuid

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit.access import saw
from audit.actor import current_actor
from audit.gate import requires, step_up
from audit.panels import CUSTOMER, get_panel
from payments.parties import queries
from payments.parties.forms import read_reveal
from payments.parties.views.page import REVEAL, VIEW, about_customer, show_customer, url_of

DAY_S = 24 * 60 * 60


@requires(VIEW)
@never_cache
@require_safe
def customer(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """One customer; the page of a duplicate leads on to the one it was merged into."""
    found = queries.get_customer(customer_id)
    if found.merged_into_id is not None:
        return HttpResponseRedirect(url_of(found.merged_into_id))
    return show_customer(request, found)


@requires(VIEW, REVEAL)
@step_up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Show one detail in clear, in this answer only. Sent again, or reloaded, it is masked."""
    if request.method != "POST":
        return HttpResponseRedirect(url_of(customer_id))
    found = queries.get_customer(customer_id)
    form = read_reveal(request.POST)
    if form is None or "key" in form.errors:
        return show_customer(request, found, is_broken=True, status=400)
    if not form.is_valid():
        return show_customer(request, found, refused=form, status=400)
    given = form.cleaned_data
    clear = queries.reveal(found, [form.detail])
    if not cache.add(f"reveal:{current_actor().user_id}:{given['key']}", True, DAY_S):
        return show_customer(request, found, is_over=True, status=409)
    ticket = {"ticket": given["ticket"]} if given["ticket"] else None
    saw(request, found, revealed=[form.detail], reason=given["reason"], facts=ticket)
    return show_customer(request, found, clear=clear)


@requires(VIEW)
@never_cache
@require_safe
def panel(request: HttpRequest, customer_id: uuid.UUID, part: str) -> HttpResponse:
    """A part of the page: for a page that fetches it later, or as a page of its own."""
    wanted = get_panel(CUSTOMER, part)
    if not current_actor().may(wanted.permission):
        raise PermissionDenied(wanted.permission)
    found = queries.get_customer(customer_id)
    saw(request, found, facts={"part": wanted.code})
    content = wanted.read(about_customer(found))
    saw(request, content.rows)
    context = {"customer": found, "panel": wanted, "shown": content.context}
    is_part = bool(getattr(request, "htmx", False))
    return render(request, wanted.template if is_part else "parties/panel.html", context)

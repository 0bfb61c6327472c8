"""The list of payments, and the page of one."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from audit import clock, keyset, modes
from audit.access import saw
from audit.actor import current_actor
from audit.gate import requires
from audit.lists.kept import keep_list, with_view
from audit.panels import PAYMENT, About, draw, list_panels, rows_of
from payments.commands.exports import EXPORT
from payments.filters import PaymentFilter
from payments.models import Payment
from payments.parties.queries import list_merchants
from payments.queries.beside import look_beside
from payments.queries.pages import get_payment_page
from payments.queries.payments import get_story
from payments.queries.progress import progress_of
from payments.queries.search import list_wanted
from payments.tables import PaymentTable
from payments.views.bulk import bulk_acts
from payments.views.lists import PAYMENTS

MOST_COUNTED = 1000


@requires("payments.view_payment")
@require_http_methods(["GET", "HEAD", "POST"])
def payment_list(request: HttpRequest) -> HttpResponse:
    """Payments that fit the filters of the address, newest first.

    The form is sent by POST and leads to a tidy address, so that what does not belong into an
    address never gets there.
    """
    if request.method == "POST":
        return _to_address(request)
    actor = current_actor()
    form = PaymentFilter(request.GET, list_merchants())
    place = modes.place_of(request)
    kept = keep_list(actor, PAYMENTS, request.GET)
    context: dict[str, Any] = {
        "form": form,
        "chips": form.chips(request.path),
        "kept": kept,
    }
    if form.is_valid():
        found = list_wanted(form.wanted(is_live=modes.is_live(request)))
        page = keyset.take(found, place, by="created_at", descending=True)
        saw(request, page.rows)
        beside = look_beside(page.rows, kept.columns)
        acts = bulk_acts(actor) if page.rows else []
        context |= {
            "table": PaymentTable(page.rows, kept.columns, beside, is_pickable=bool(acts)),
            "acts": acts,
            "export_url": f"{reverse('payments:export_new')}?{kept.query}"
            if actor.may(EXPORT)
            else "",
            "pager": keyset.pager(page, request.path, modes.address_of(request)),
            "count": _count(found, page),
            "most": MOST_COUNTED,
        }
    return render(request, "payments/list.html", context)


def _count(found: QuerySet[Payment], page: keyset.Page[Payment]) -> int:
    """How many payments fit, as far as anybody wants to know."""
    is_all = page.before is None and page.after is None
    return len(page.rows) if is_all else keyset.count_up_to(found, MOST_COUNTED)


def _to_address(request: HttpRequest) -> HttpResponse:
    form = PaymentFilter(request.POST, list_merchants())
    if not form.is_valid():
        kept = keep_list(current_actor(), PAYMENTS, request.POST)
        return render(request, "payments/list.html", {"form": form, "kept": kept}, status=400)
    query = with_view(request.POST, form.tidy_address())
    return HttpResponseRedirect(f"{request.path}?{query}" if query else request.path)


@requires("payments.view_payment")
@require_safe
def payment_detail(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """One payment: its money, what may be done now, and its story."""
    page = get_payment_page(payment_id, current_actor(), clock.now())
    about = About(page.payment, [page.payment.pk])
    panels = draw(about, list_panels(PAYMENT, current_actor()), lambda _code: "")
    saw(request, page.payment)
    saw(request, rows_of(panels))
    context = {"page": page, "payment": page.payment, "panels": panels}
    return render(request, "payments/detail.html", context)


@requires("payments.view_payment")
@require_safe
def payment_progress(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """Asked by an open page every few seconds: nothing new (204), or have the page read anew.

    Without script the same address leads back to the page. It shows nothing of the payment.
    """
    if not getattr(request, "htmx", False):
        return HttpResponseRedirect(reverse("payments:detail", args=[payment_id]))
    progress = progress_of(get_story(payment_id))
    response = HttpResponse(status=204)
    if progress.version != request.GET.get("seen"):
        response["HX-Refresh"] = "true"
    return response

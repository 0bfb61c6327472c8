"""What waits: for a capture before it expires, for the provider, for a person."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from audit import clock, keyset, modes
from audit.access import saw
from audit.actor import current_actor
from audit.gate import requires
from payments.commands.inquiries import request_inquiry
from payments.queries.expiring import (
    WINDOWS,
    find_window,
    list_expiring,
    sum_expiring,
    view_expiring,
)
from payments.queries.unsettled import list_unsettled


@requires("payments.view_payment")
@require_safe
def expiring(request: HttpRequest) -> HttpResponse:
    """What is held and not taken, by when the bank lets go of it: soonest first.

    `?within=` chooses the window; an unknown one is the widest.
    """
    actor, now = current_actor(), clock.now()
    window = find_window(request.GET.get("within", ""))
    is_live, place = modes.is_live(request), modes.place_of(request)
    found = list_expiring(now, window, is_live=is_live)
    page = keyset.take(found, place, by="expires_at", descending=False)
    saw(request, [attempt.payment for attempt in page.rows])
    context = {
        "rows": view_expiring(page.rows, actor, now),
        "sums": sum_expiring(now, is_live=is_live),
        "windows": WINDOWS,
        "window": window,
        "pager": keyset.pager(page, request.path, modes.address_of(request)),
    }
    return render(request, "payments/expiring.html", context)


@requires("payments.view_payment")
@require_safe
def unsettled(request: HttpRequest) -> HttpResponse:
    """What the providers have not told us; `?who=person` only what they will not be asked about."""
    for_person = request.GET.get("who") == "person"
    found = list_unsettled(
        current_actor(),
        modes.place_of(request),
        is_live=modes.is_live(request),
        for_person=for_person,
    )
    saw(request, [one.payment for one in found.rows])
    context = {
        "found": found,
        "for_person": for_person,
        "pager": keyset.pager(found.page, request.path, modes.address_of(request)),
    }
    return render(request, "payments/unsettled.html", context)


@requires("payments.view_payment", "payments.inquire_payment")
@require_POST
def inquiries(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """Have the provider asked now what became of a payment, and go back to where one was."""
    request_inquiry(payment_id=payment_id)
    messages.success(request, _("The provider is being asked. The answer shows on the payment."))
    if request.POST.get("from") == "unsettled":
        return HttpResponseRedirect(reverse("payments:unsettled"))
    return HttpResponseRedirect(reverse("payments:detail", args=[payment_id]))

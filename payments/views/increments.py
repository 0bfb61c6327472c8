"""Having more held."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from audit import clock
from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires
from payments.commands.increments import increment_authorization
from payments.forms import IncrementForm
from payments.queries.pages import get_increment_page
from payments.views.answers import show_form


@requires("payments.view_payment", "payments.increment_payment")
@require_http_methods(["GET", "HEAD", "POST"])
def increment_new(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """Ask the bank to hold more. A refusal comes back with the form and its reason."""
    page = get_increment_page(payment_id, current_actor(), clock.now())
    data = request.POST if request.method == "POST" else None
    form = IncrementForm(page.payment.money(page.payment.authorized_minor), data)
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            increment_authorization(
                payment_id=payment_id,
                amount=form.cleaned_data["amount"],
                seen_authorized=form.cleaned_data["seen"],
                key=form.idempotency_key,
            )
        except Refusal as error:
            if error.kind is Kind.MISSING:
                raise
            refusal = error
        else:
            messages.success(request, _("The bank is asked to hold more."))
            return HttpResponseRedirect(reverse("payments:detail", args=[payment_id]))
        page = get_increment_page(payment_id, current_actor(), clock.now())
        form.available = page.payment.money(page.payment.authorized_minor)
    return show_form(request, "payments/increment_new.html", page, form, refusal)

"""Taking what is held."""

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
from payments.commands.capture_voids import void_capture
from payments.commands.captures import capture_payment
from payments.forms import CaptureForm, KeyForm
from payments.queries.pages import get_capture_page, get_capture_void_page
from payments.views.answers import show_form


@requires("payments.view_payment", "payments.capture_payment")
@require_http_methods(["GET", "HEAD", "POST"])
def capture_new(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """Capture part or all of what is held. A refusal comes back with the form and its reason."""
    page = get_capture_page(payment_id, current_actor(), clock.now())
    data = request.POST if request.method == "POST" else None
    form = CaptureForm(page.payment.capturable, data)
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            capture_payment(
                payment_id=payment_id,
                amount=form.cleaned_data["amount"],
                seen_capturable=form.cleaned_data["seen"],
                is_final=form.is_final,
                key=form.idempotency_key,
            )
        except Refusal as error:
            if error.kind is Kind.MISSING:
                raise
            refusal = error
        else:
            messages.success(request, _("The capture is on its way."))
            return HttpResponseRedirect(reverse("payments:detail", args=[payment_id]))
        page = get_capture_page(payment_id, current_actor(), clock.now())
        form.available = page.payment.capturable
    return show_form(request, "payments/capture_new.html", page, form, refusal)


@requires("payments.view_payment", "payments.void_payment")
@require_http_methods(["GET", "HEAD", "POST"])
def capture_void_new(
    request: HttpRequest, payment_id: uuid.UUID, capture_id: uuid.UUID
) -> HttpResponse:
    """Take a capture back before it is settled. A refusal comes back with its reason."""
    page = get_capture_void_page(payment_id, capture_id, current_actor(), clock.now())
    form = KeyForm(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            void_capture(capture_id=capture_id, key=form.idempotency_key)
        except Refusal as error:
            if error.kind is Kind.MISSING:
                raise
            refusal = error
        else:
            messages.success(request, _("The provider is asked to take the capture back."))
            return HttpResponseRedirect(reverse("payments:detail", args=[payment_id]))
        page = get_capture_void_page(payment_id, capture_id, current_actor(), clock.now())
    return show_form(request, "payments/capture_void_new.html", page, form, refusal)

"""Giving money back."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from audit import clock
from audit.access import saw
from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires
from payments.commands.refunds import refund_payment
from payments.forms import RefundForm
from payments.ledger.money import Money
from payments.models import Refund
from payments.queries.pages import RefundPage, get_refund_page
from payments.queries.preview import preview_refund
from payments.views.answers import show_form

TEMPLATE = "payments/refund_new.html"
SENT = _("Refund %(reference)s is on its way.")
WAITS = _("Refund %(reference)s waits for the approval of a colleague.")
KNOWN = _("This was sent before: refund %(reference)s is on this page.")


@requires("payments.view_payment", "payments.refund_payment")
@require_http_methods(["GET", "HEAD", "POST"])
def refund_new(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """Refund part or all of a payment. A refusal comes back with the form and its reason."""
    actor = current_actor()
    page = get_refund_page(payment_id, actor)
    data = request.POST if request.method == "POST" else None
    form = RefundForm(page.payment.refundable, page.reasons, data)
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            return _sent(request, _refund(payment_id, form))
        except Refusal as error:
            if error.kind is Kind.MISSING:
                raise
            refusal = error
        page = get_refund_page(payment_id, actor)
        form.available = page.payment.refundable
    return _form(request, page, form, refusal)


def _form(
    request: HttpRequest, page: RefundPage, form: RefundForm, refusal: Refusal | None
) -> HttpResponse:
    form.follow(reverse("payments:refund_preview", args=[page.payment.pk]))
    more = {"action": reverse("payments:refund_new", args=[page.payment.pk])}
    return show_form(request, TEMPLATE, page, form, refusal, **more, **_previewed(page, form))


def _previewed(page: RefundPage, form: RefundForm) -> dict[str, Any]:
    """What the amount in the form would do; when it cannot be read, what is wrong with it."""
    amount: Money | None = page.payment.refundable
    fault = ""
    if form.is_bound:
        amount = form.cleaned_data.get("amount") if hasattr(form, "cleaned_data") else None
        fault = " ".join(map(str, form.errors.get("amount", ())))
    if amount is None:
        return {"preview": None, "fault": fault}
    return {"preview": preview_refund(page, current_actor(), amount, clock.now()), "fault": fault}


@requires("payments.view_payment", "payments.refund_payment")
@require_http_methods(["GET", "HEAD", "POST"])
def refund_preview(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """What the typed amount would do; nothing is sent. A part for script, else the whole form."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("payments:refund_new", args=[payment_id]))
    page = get_refund_page(payment_id, current_actor())
    form = RefundForm(page.payment.refundable, page.reasons, request.POST)
    form.is_valid()
    if not getattr(request, "htmx", False):
        return _form(request, page, form.without_complaints(), None)
    saw(request, page.payment)
    context = {"page": page, "payment": page.payment, **_previewed(page, form)}
    return render(request, "payments/parts/refund_preview.html", context)


def _refund(payment_id: uuid.UUID, form: RefundForm) -> Refund:
    given = form.cleaned_data
    return refund_payment(
        payment_id=payment_id,
        amount=given["amount"],
        reason=given["reason"],
        comment=given["comment"],
        seen_refundable=given["seen"],
        key=form.idempotency_key,
    )


def _sent(request: HttpRequest, refund: Refund) -> HttpResponse:
    words = {Refund.Status.PENDING: SENT, Refund.Status.AWAITING_APPROVAL: WAITS}
    message = words.get(Refund.Status(refund.status), KNOWN)
    messages.success(request, message % {"reference": refund.reference})
    return HttpResponseRedirect(reverse("payments:detail", args=[refund.payment_id]))

"""Giving money back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires
from payments.commands.refunds import refund_payment
from payments.forms import RefundForm
from payments.models import Refund
from payments.queries.pages import get_refund_page
from payments.queries.payments import list_refund_reasons
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
    form = RefundForm(page.payment.refundable, list_refund_reasons(), data)
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
    return show_form(request, TEMPLATE, page, form, refusal)


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

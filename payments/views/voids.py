"""Letting go of what is held, and giving up what was only prepared."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires
from payments.commands.intents import cancel_intent
from payments.commands.voids import void_payment
from payments.forms import KeyForm
from payments.models import Payment
from payments.queries.pages import get_void_page
from payments.states import UNTRIED
from payments.views.answers import show_form


@requires("payments.view_payment", "payments.void_payment")
@require_http_methods(["GET", "HEAD", "POST"])
def void_new(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """Let go of what a payment holds, or cancel one that was not confirmed.

    A refusal comes back with its reason.
    """
    page = get_void_page(payment_id, current_actor())
    form = KeyForm(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            said = _give_up(page.payment, form.idempotency_key)
        except Refusal as error:
            if error.kind is Kind.MISSING:
                raise
            refusal = error
        else:
            messages.success(request, said)
            return HttpResponseRedirect(reverse("payments:detail", args=[payment_id]))
        page = get_void_page(payment_id, current_actor())
    return show_form(request, "payments/void_new.html", page, form, refusal)


def _give_up(payment: Payment, key: str) -> Any:
    """What a person is told once it is done. A repeat changes nothing."""
    if payment.status in UNTRIED:
        cancel_intent(payment_id=payment.pk)
        return _("The payment is canceled: the shop can no longer confirm it.")
    void_payment(payment_id=payment.pk, key=key)
    return _("The provider is asked to let go of the money.")

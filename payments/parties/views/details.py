"""Correcting what is known of a customer."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.access import saw
from audit.errors import Kind, Refusal
from audit.gate import requires, step_up
from payments.parties import queries
from payments.parties.commands import update_customer
from payments.parties.forms import FIELDS, DetailsForm
from payments.parties.models import Customer
from payments.parties.policy import details_decision
from payments.parties.views.page import CHANGE, STATUS, VIEW, url_of

DONE = _("The details are corrected.")


@requires(VIEW, CHANGE)
@step_up
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def details_new(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Write what is right. What is known stays masked; a refusal keeps what was typed."""
    customer = queries.get_customer(customer_id)
    is_sent = request.method == "POST"
    seen = queries.details_version(customer)
    form = DetailsForm(seen, request.POST if is_sent else None)
    status = 200
    if is_sent:
        status = 400
        if form.is_valid():
            refusal = _correct(customer, form)
            if refusal is None:
                messages.success(request, DONE)
                return HttpResponseRedirect(url_of(customer.pk))
            form.add_error(None, str(refusal.message))
            status = STATUS[refusal.kind]
    (shown,) = queries.show_masked(customer)
    saw(request, customer)
    context = {
        "customer": customer,
        "form": form,
        "rows": [(form[name], shown.masks[name]) for name in FIELDS],
        "decision": details_decision(customer, is_erased=shown.is_erased),
        "seen": seen,
    }
    return render(request, "parties/details_new.html", context, status=status)


def _correct(customer: Customer, form: DetailsForm) -> Refusal | None:
    given = form.cleaned_data
    try:
        update_customer(
            customer_id=customer.pk,
            reason=given["reason"],
            ticket=given["ticket"],
            seen=given["seen"],
            **form.changes(),
        )
    except Refusal as refusal:
        if refusal.kind is Kind.MISSING:
            raise
        return refusal
    return None

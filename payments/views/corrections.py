"""Setting a state to what the provider really says, after asking it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from audit import clock
from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires
from payments.commands.corrections import correct_payment
from payments.forms import CorrectionForm
from payments.models import Correction
from payments.policy import seen_of
from payments.queries.corrections import CorrectionPage, get_correction_page
from payments.views.answers import show_form

TEMPLATE = "payments/correction_new.html"


@requires("payments.view_payment", "payments.correct_payment")
@require_http_methods(["GET", "HEAD", "POST"])
def correction_new(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """Correct one row of a payment (`?row=`). A refusal comes back with the form and its reason."""
    data = request.POST if request.method == "POST" else None
    page = get_correction_page(payment_id, _row_of(request), current_actor(), clock.now())
    form = _form(page, data)
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            correction = _correct(payment_id, form)
        except Refusal as error:
            if error.kind is Kind.MISSING:
                raise
            refusal = error
        else:
            return _done(request, correction)
    return show_form(request, TEMPLATE, page, form, refusal)


def _row_of(request: HttpRequest) -> uuid.UUID | None:
    """The row that the form or the address names; None for the first that there is."""
    named = request.POST.get("row") or request.GET.get("row") or ""
    try:
        return uuid.UUID(named)
    except ValueError:
        return None


def _form(page: CorrectionPage, data: QueryDict | None) -> CorrectionForm:
    row = page.row
    return CorrectionForm(
        [(target.status, target.act) for target in page.targets if not target.why_not],
        page.reasons,
        data,
        kind=page.kind,
        row=row.pk if row else None,
        seen=seen_of(row) if row else "",
        provider_reference=row.provider_reference if row else "",
    )


def _correct(payment_id: uuid.UUID, form: CorrectionForm) -> Correction:
    given = form.cleaned_data
    return correct_payment(
        payment_id=payment_id,
        kind=given["kind"],
        row_id=given["row"],
        to_status=given["to_status"],
        provider_reference=given["provider_reference"],
        reason=given["reason"],
        evidence=given["evidence"],
        seen_status=given["seen"],
        key=form.idempotency_key,
    )


def _done(request: HttpRequest, correction: Correction) -> HttpResponse:
    said = {"reference": correction.reference}
    if correction.status == Correction.Status.DONE:
        messages.success(request, _("Corrected: %(reference)s.") % said)
    else:
        words = _("Correction %(reference)s waits for the approval of a colleague.")
        messages.success(request, words % said)
    return HttpResponseRedirect(reverse("payments:detail", args=[correction.payment_id]))

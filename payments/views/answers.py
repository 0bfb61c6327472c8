"""How a form of money is answered when the command says no."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from audit.access import saw
from audit.errors import Kind, Refusal
from payments.forms import AmountForm
from payments.queries.corrections import CorrectionPage
from payments.queries.pages import MoneyPage

STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409}
FIELDS = {"card_number": "comment", "reason_missing": "reason"}
STALE = "stale"


def show_form(
    request: HttpRequest,
    template: str,
    page: MoneyPage | CorrectionPage,
    form: forms.Form,
    refusal: Refusal | None,
    **more: Any,
) -> HttpResponse:
    """The form with everything typed in it, and why it was refused; 4xx after a POST."""
    seen = None
    status = 400 if form.errors else 200
    if refusal is not None:
        status = STATUS[refusal.kind]
        if refusal.code == STALE and isinstance(form, AmountForm):
            seen = form.seen_now()
        if seen is None:
            field = FIELDS.get(refusal.code)
            form.add_error(field if field in form.fields else None, str(refusal.message))
    saw(request, page.payment)
    context = {"page": page, "payment": page.payment, "form": form, "seen": seen, **more}
    return render(request, template, context, status=status)

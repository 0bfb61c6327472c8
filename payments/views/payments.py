"""The list of payments, and the page of one."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.access import saw
from audit.gate import requires
from payments.queries.payments import get_story, list_payments

SIZE = 50


@requires("payments.view_payment")
@require_safe
def payment_list(request: HttpRequest) -> HttpResponse:
    """Payments, newest first."""
    payments = list(list_payments()[:SIZE])
    saw(request, payments)
    return render(request, "payments/list.html", {"payments": payments})


@requires("payments.view_payment")
@require_safe
def payment_detail(request: HttpRequest, payment_id: uuid.UUID) -> HttpResponse:
    """One payment."""
    story = get_story(payment_id)
    saw(request, story.payment)
    return render(request, "payments/detail.html", {"payment": story.payment})

"""Having the provider asked now, whatever the schedule says."""

from __future__ import annotations

import uuid

from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.models import Payment
from payments.policy import inquiry_decision
from payments.queries.unsettled import MODELS, OPEN_TO_INQUIRY
from payments.steps import load_payment

REQUESTED = "payments.inquiry.requested"


@command(REQUESTED)
def request_inquiry(work: Work, *, payment_id: uuid.UUID) -> Payment:
    """Ask the provider now what became of everything that is unknown about a payment.

    Asked twice, the provider is asked twice; nothing else comes of it. 7 SELECTs.
    """
    payment, _attempt = load_payment(work, payment_id)
    rows = [
        row
        for model in MODELS
        for row in work.load(
            model.objects.filter(payment_id=payment_id, status__in=OPEN_TO_INQUIRY).order_by("pk")
        )
    ]
    decision = inquiry_decision(work.actor, len(rows))
    if not decision:
        raise Refusal("inquiry_refused", decision.reason, Kind.CONFLICT, about=payment)
    for row in rows:
        work.change(row, event=REQUESTED, ask_at=work.now)
    work.later("payments.inquire", payment_id=payment_id)
    return payment

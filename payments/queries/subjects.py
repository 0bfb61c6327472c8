"""What people work at here: a payment."""

from __future__ import annotations

from django.urls import reverse

from audit import subjects
from payments.models import Payment
from payments.queries.payments import get_payment


def register() -> None:
    """Let notes, tags and presence be about payments."""
    subjects.register(
        subjects.Subject(
            kind="payment",
            name=Payment._meta.verbose_name,
            permission="payments.view_payment",
            find=get_payment,
            url=lambda pk: reverse("payments:detail", args=[pk]),
            holder=lambda payment: payment.customer_id,
        )
    )

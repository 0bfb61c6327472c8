"""What a second person decides on: refunds, and corrections."""

from __future__ import annotations

from django.urls import reverse

from audit import clock
from audit.approvals.kinds import Approvable, kinds
from audit.approvals.models import Kind
from payments.commands import corrections, refunds
from payments.queries.corrections import get_correction, get_correction_context
from payments.queries.payments import get_refund, list_chosen_reasons
from payments.queries.second_person import get_refund_context


def register() -> None:
    """Have both wait in the inbox of approvals."""
    kinds[Kind.REFUND] = Approvable(
        approve=refunds.approve_refund,
        reject=refunds.reject_refund,
        withdraw=refunds.withdraw_refund,
        expire=refunds.lapse_refund,
        url=lambda pk: reverse("payments:detail", args=[get_refund(pk).payment_id]),
        context=lambda approval, actor: get_refund_context(approval, actor, clock.now()),
        reasons=list_chosen_reasons,
    )
    kinds[Kind.CORRECTION] = Approvable(
        approve=corrections.approve_correction,
        reject=corrections.reject_correction,
        withdraw=corrections.withdraw_correction,
        expire=corrections.lapse_correction,
        url=lambda pk: reverse("payments:detail", args=[get_correction(pk).payment_id]),
        context=get_correction_context,
    )

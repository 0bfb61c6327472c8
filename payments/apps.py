from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from payments.models import Refund


def _customer_of_refund(refund: Refund) -> uuid.UUID | None:
    """Whose a refund is, when its payment came along; else its payment is shown beside it."""
    payment = refund._state.fields_cache.get("payment")
    return payment.customer_id if payment else None


class PaymentsConfig(AppConfig):
    name = "payments"
    label = "payments"
    verbose_name = _("Payments")

    def fill_pages(self) -> None:
        """The search box, the page of a customer, and whose data our rows are."""
        from audit.looks import whose
        from audit.panels import CUSTOMER, add_panels
        from audit.search import add_kinds
        from payments.models import Payment, Refund
        from payments.search import KINDS
        from payments.views.customers import PANELS

        add_kinds(KINDS)
        add_panels(CUSTOMER, PANELS)
        whose[Payment] = lambda payment: payment.customer_id
        whose[Refund] = _customer_of_refund

    def ready(self) -> None:
        self.fill_pages()
        from django.urls import reverse

        from audit import clock, measures, net, proofs, subjects
        from audit.approvals.kinds import Approvable, kinds
        from audit.approvals.models import Kind
        from audit.idempotency.answers import presenters
        from payments import tasks
        from payments.api.presenting import (
            present_card,
            present_customer,
            present_payment,
            present_refund,
        )
        from payments.commands import corrections, refunds
        from payments.models import (
            Attempt,
            Capture,
            Correction,
            Increment,
            Payment,
            Refund,
            RefundReason,
        )
        from payments.proofs import count_days, count_payments, days_off, payments_off
        from payments.queries import needs
        from payments.queries.corrections import get_correction, get_correction_context
        from payments.queries.due import count_unknown
        from payments.queries.payments import get_payment, get_refund
        from payments.queries.second_person import get_refund_context

        for model in (Payment, Attempt, Increment, Capture):
            net.keep(model, left_out=["key", "fingerprint"])
        net.keep(Refund, masked=["comment"], left_out=["key", "fingerprint"])
        net.keep(Correction, masked=["evidence"], left_out=["key", "fingerprint"])
        net.cover(RefundReason)
        kinds[Kind.REFUND] = Approvable(
            approve=refunds.approve_refund,
            reject=refunds.reject_refund,
            withdraw=refunds.withdraw_refund,
            expire=refunds.lapse_refund,
            url=lambda pk: reverse("payments:detail", args=[get_refund(pk).payment_id]),
            context=lambda approval, actor: get_refund_context(approval, actor, clock.now()),
        )
        kinds[Kind.CORRECTION] = Approvable(
            approve=corrections.approve_correction,
            reject=corrections.reject_correction,
            withdraw=corrections.withdraw_correction,
            expire=corrections.lapse_correction,
            url=lambda pk: reverse("payments:detail", args=[get_correction(pk).payment_id]),
            context=get_correction_context,
        )
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
        presenters.update(
            payment=present_payment,
            refund=present_refund,
            card=present_card,
            customer=present_customer,
        )
        tasks.bulk.register()
        tasks.exports.register()
        proofs.register("payment totals equal the ledger", payments_off, count_payments)
        needs.register()
        proofs.register("totals of days equal the payments", days_off, count_days)
        measures.measure(
            "comptoir_unknown_outcomes",
            "Outcomes that nobody knows: asked for again, or waiting for a person.",
            count_unknown,
            label="kind",
        )

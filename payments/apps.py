from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    label = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        from django.urls import reverse

        from audit import measures, net, proofs, subjects
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
        from payments.commands import refunds
        from payments.models import Attempt, Capture, Increment, Payment, Refund, RefundReason
        from payments.proofs import count_days, count_payments, days_off, payments_off
        from payments.queries import needs
        from payments.queries.due import count_unknown
        from payments.queries.payments import get_payment, get_refund

        for model in (Payment, Attempt, Increment, Capture):
            net.keep(model, left_out=["key", "fingerprint"])
        net.keep(Refund, masked=["comment"], left_out=["key", "fingerprint"])
        net.cover(RefundReason)
        kinds[Kind.REFUND] = Approvable(
            approve=refunds.approve_refund,
            reject=refunds.reject_refund,
            withdraw=refunds.withdraw_refund,
            expire=refunds.lapse_refund,
            url=lambda pk: reverse("payments:detail", args=[get_refund(pk).payment_id]),
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
            "Outcomes that no provider has told yet and that are asked for again.",
            count_unknown,
            label="kind",
        )

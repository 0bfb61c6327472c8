from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartiesConfig(AppConfig):
    name = "payments.parties"
    label = "parties"
    verbose_name = _("Merchants and customers")

    def ready(self) -> None:
        from django.urls import reverse

        from audit import modes, net, subjects
        from audit.approvals.kinds import Approvable, kinds
        from audit.approvals.models import Kind
        from audit.looks import whose
        from audit.panels import CUSTOMER, add_panels
        from audit.search import add_kinds
        from payments.parties import commands, search
        from payments.parties.models import (
            CardReference,
            Customer,
            Merchant,
            MerchantCurrency,
            Merge,
            Split,
        )
        from payments.parties.queries import get_customer, get_merge, get_split
        from payments.parties.views.merges import explain
        from payments.parties.views.panels import PANELS
        from payments.parties.views.splits import explain_split

        once = ["key", "fingerprint"]
        net.keep(Merchant, left_out=[*once, "name_key"])
        net.keep(MerchantCurrency)
        modes.mark(Customer)
        net.keep(Customer, left_out=[*once, "email_index", "phone_index", "version"])
        net.keep(CardReference, masked=["token", "card_fingerprint"], left_out=once)
        net.keep(Merge, left_out=once)
        net.keep(Split, left_out=once)
        kinds[Kind.MERGE] = Approvable(
            approve=commands.approve_merge,
            reject=commands.reject_merge,
            withdraw=commands.withdraw_merge,
            expire=commands.lapse_merge,
            url=lambda pk: reverse("parties:customer", args=[get_merge(pk).duplicate_id]),
            context=explain,
        )
        kinds[Kind.SPLIT] = Approvable(
            approve=commands.approve_split,
            reject=commands.reject_split,
            withdraw=commands.withdraw_split,
            expire=commands.lapse_split,
            url=lambda pk: reverse("parties:customer", args=[get_split(pk).merge.survivor_id]),
            context=explain_split,
        )
        subjects.register(
            subjects.Subject(
                kind="customer",
                name=Customer._meta.verbose_name,
                permission="parties.view_customer",
                find=get_customer,
                url=lambda pk: reverse("parties:customer", args=[pk]),
                holder=lambda customer: customer.pk,
            )
        )
        add_kinds(search.KINDS)
        add_panels(CUSTOMER, PANELS)
        whose[Customer] = lambda customer: customer.pk
        whose[CardReference] = lambda card: card.customer_id

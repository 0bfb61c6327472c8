from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartiesConfig(AppConfig):
    name = "payments.parties"
    label = "parties"
    verbose_name = _("Merchants and customers")

    def ready(self) -> None:
        from django.urls import reverse

        from audit import net, subjects
        from audit.looks import whose
        from audit.panels import CUSTOMER, add_panels
        from audit.search import add_kinds
        from payments.parties import search
        from payments.parties.models import CardReference, Customer, Merchant, MerchantCurrency
        from payments.parties.queries import get_customer
        from payments.parties.views.panels import PANELS

        once = ["key", "fingerprint"]
        net.keep(Merchant, left_out=once)
        net.keep(MerchantCurrency)
        net.keep(Customer, left_out=[*once, "email_index", "phone_index"])
        net.keep(CardReference, masked=["token", "card_fingerprint"], left_out=once)
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

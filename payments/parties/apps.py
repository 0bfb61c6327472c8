from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartiesConfig(AppConfig):
    name = "payments.parties"
    label = "parties"
    verbose_name = _("Merchants and customers")

    def ready(self) -> None:
        from audit import net
        from payments.parties.models import CardReference, Customer, Merchant, MerchantCurrency

        once = ["key", "fingerprint"]
        net.keep(Merchant, left_out=once)
        net.keep(MerchantCurrency)
        net.keep(Customer, left_out=[*once, "email_index", "phone_index"])
        net.keep(CardReference, masked=["token", "card_fingerprint"], left_out=once)

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GatewaysConfig(AppConfig):
    name = "payments.gateways"
    label = "gateways"
    verbose_name = _("Providers")

    def ready(self) -> None:
        from audit import guard, net
        from payments.gateways import tasks  # noqa: F401, registers the handler
        from payments.gateways.models import InboundEvent, Mapping, ProviderCall

        net.keep(InboundEvent, left_out=["body"])
        net.keep(Mapping)
        guard.insert_only.add(ProviderCall._meta.db_table)

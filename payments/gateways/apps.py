from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GatewaysConfig(AppConfig):
    name = "payments.gateways"
    label = "gateways"
    verbose_name = _("Providers")

    def ready(self) -> None:
        from audit import net
        from payments.gateways import tasks  # noqa: F401, registers the handler
        from payments.gateways.models import InboundEvent

        net.keep(InboundEvent, left_out=["body"])

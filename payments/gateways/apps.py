from functools import partial

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GatewaysConfig(AppConfig):
    name = "payments.gateways"
    label = "gateways"
    verbose_name = _("Providers")

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from audit import guard, measures, modes, net, rotation
        from payments.gateways import (
            install,
            needs,
            tasks,  # noqa: F401, registers the handlers
        )
        from payments.gateways.models import (
            ConnectorAccount,
            InboundEvent,
            Mapping,
            ProviderCall,
            Route,
        )
        from payments.gateways.models.accounts import SECRETS, place_of
        from payments.gateways.queries.accounts import count_open_breakers, takes_live_money

        modes.begin_by(takes_live_money)
        net.keep(InboundEvent, left_out=["body"])
        net.keep(Mapping)
        net.keep(Route)
        net.keep(ConnectorAccount, left_out=["key", "fingerprint", *SECRETS])
        for column in SECRETS:
            name = f"connector accounts: {column}"
            rotation.register_secret(
                name, ConnectorAccount, column, partial(place_of, column=column)
            )
        measures.measure(
            "comptoir_breakers_open",
            "Accounts at providers that do not answer and are left in peace.",
            count_open_breakers,
            label="connector",
        )
        needs.register()
        post_migrate.connect(install.after_migrate, sender=self, dispatch_uid="gateways.sandbox")
        guard.insert_only.add(ProviderCall._meta.db_table)

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "payments.ledger"
    label = "ledger"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        from audit import guard
        from payments.ledger import proofs
        from payments.ledger.models import Entry, Transfer

        for model in (Transfer, Entry):
            guard.insert_only.add(model._meta.db_table)
        proofs.register()

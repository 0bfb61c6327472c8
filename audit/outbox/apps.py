from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    name = "audit.outbox"
    label = "outbox"
    verbose_name = _("Outbox")

    def ready(self) -> None:
        from audit import flush
        from audit.outbox.steps import make_messages

        flush.outbox_rows[:] = [make_messages]

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    name = "audit.outbox"
    label = "outbox"
    verbose_name = _("Outbox")

    def ready(self) -> None:
        from audit import flush
        from audit.measures import lag_of_outbox, measure
        from audit.outbox import needs
        from audit.outbox.queries import count_by_status, find_lag_s
        from audit.outbox.steps import make_messages

        flush.outbox_rows[:] = [make_messages]
        lag_of_outbox[:] = [find_lag_s]
        measure(
            "comptoir_outbox_lag_seconds",
            "How long the oldest message of the outbox that is due has been so.",
            lambda: {"": find_lag_s()},
        )
        measure(
            "comptoir_outbox_messages",
            "Messages of the outbox that are not done, up to a thousand of each.",
            count_by_status,
            label="status",
        )
        needs.register()

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdempotencyConfig(AppConfig):
    name = "audit.idempotency"
    label = "idempotency"
    verbose_name = _("Idempotency")

    def ready(self) -> None:
        from audit.idempotency import tasks  # noqa: F401

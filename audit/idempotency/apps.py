from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IdempotencyConfig(AppConfig):
    name = "audit.idempotency"
    label = "idempotency"
    verbose_name = _("Idempotency")

    def ready(self) -> None:
        from audit import rotation
        from audit.idempotency import tasks  # noqa: F401
        from audit.idempotency.models import Record

        rotation.register_secret(
            "answers kept for repeats", Record, "answer", lambda record: record.place
        )

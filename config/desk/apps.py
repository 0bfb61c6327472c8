from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "config.desk"
    label = "desk"
    verbose_name = _("Desk")

    def ready(self) -> None:
        # Makes it the current Celery app: without it the bell would ring at Celery's default.
        from config import celery  # noqa: F401

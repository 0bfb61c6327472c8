from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ListsConfig(AppConfig):
    name = "audit.lists"
    label = "lists"
    verbose_name = _("Lists")

    def ready(self) -> None:
        from audit import net
        from audit.lists import tasks  # noqa: F401
        from audit.lists.models import ChosenColumns, SavedView

        net.keep(SavedView, masked=["name"], left_out=["key", "fingerprint"])
        net.keep(ChosenColumns)

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "config.api"
    label = "api"
    verbose_name = _("API")

    def ready(self) -> None:
        from audit import net
        from config.api.models import ApiKey

        net.keep(ApiKey, left_out=["key", "fingerprint", "digest"])

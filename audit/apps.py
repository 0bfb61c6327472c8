from django.apps import AppConfig, apps
from django.db.backends.signals import connection_created
from django.db.models.signals import pre_save
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    label = "audit"
    verbose_name = _("Record")

    def ready(self) -> None:
        from audit import guard, net
        from audit.models import LogEntry
        from audit.owned import OwnedModel

        for model in apps.get_models():
            if issubclass(model, OwnedModel):
                guard.owned.add(model._meta.db_table)
        guard.insert_only.add(LogEntry._meta.db_table)
        connection_created.connect(guard.install, dispatch_uid="audit.guard")
        pre_save.connect(net.complete_entry, sender=LogEntry, dispatch_uid="audit.net")

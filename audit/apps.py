from django.apps import AppConfig, apps
from django.db.backends.signals import connection_created
from django.db.models.signals import pre_save
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    label = "audit"
    verbose_name = _("Record")

    def ready(self) -> None:
        from audit import chain, guard, measures, net, proofs, rotation, verifying
        from audit.models import LogEntry, Seal, SealKey, SubjectKey
        from audit.owned import OwnedModel

        for model in apps.get_models():
            if issubclass(model, OwnedModel):
                guard.owned.add(model._meta.db_table)
        for recorded in (LogEntry, Seal, SealKey, apps.get_model("audit", "Look")):
            guard.insert_only.add(recorded._meta.db_table)
        connection_created.connect(guard.install, dispatch_uid="audit.guard")
        pre_save.connect(net.complete_entry, sender=LogEntry, dispatch_uid="audit.net")
        rotation.register_wrapped("customers' data keys", SubjectKey, "wrapped")
        measures.measure(
            "comptoir_log_unsealed_seconds",
            "Age of the oldest entry of the log that is under no seal yet.",
            lambda: {"": chain.find_unsealed_age_s()},
        )
        proofs.register("audit: the seals hold", verifying.seals_off, verifying.count_sealed)

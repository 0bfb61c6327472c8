from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PaymentsConfig(AppConfig):
    name = "payments"
    label = "payments"
    verbose_name = _("Payments")

    def ready(self) -> None:
        from payments import proofs, search
        from payments.api import presenting, telling
        from payments.commands import approvals
        from payments.install import after_migrate
        from payments.models import record
        from payments.queries import due, needs, subjects
        from payments.tasks import bulk, exports
        from payments.views import customers

        post_migrate.connect(after_migrate, sender=self, dispatch_uid="payments.install")
        for room in (
            record,  # the log, and who was seen
            subjects,  # notes, tags, presence
            needs,  # the lists of the home page
            approvals,  # what waits for a second person
            search,  # the search box
            customers,  # panels of the customer's page
            presenting,  # answers of the API that are given again
            telling,  # what shops are told of
            bulk,  # kinds of long work
            exports,
            proofs,  # `manage.py prove`
            due,  # `/metrics`
        ):
            room.register()

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "audit.approvals"
    label = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from audit import net
        from audit.approvals import needs
        from audit.approvals.models import Approval, ApprovalLimit

        net.keep(Approval, masked=["reason", "note"])
        net.cover(ApprovalLimit)
        needs.register()

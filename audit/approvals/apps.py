from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "audit.approvals"
    label = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from django.urls import reverse

        from audit import modes, net, subjects
        from audit.approvals import needs
        from audit.approvals.models import Approval, ApprovalLimit
        from audit.approvals.queries import get_approval

        net.keep(Approval, masked=["reason", "note"])
        net.cover(ApprovalLimit)
        modes.mark(Approval)
        needs.register()
        subjects.register(
            subjects.Subject(
                kind="approval",
                name=Approval._meta.verbose_name,
                permission="approvals.view_approval",
                find=get_approval,
                url=lambda pk: reverse("approvals:detail", args=[pk]),
                holder=lambda _approval: None,
            )
        )

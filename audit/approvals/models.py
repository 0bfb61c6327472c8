"""Four eyes: who asked, who decided, and up to which amount one person may go alone."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.owned import OwnedModel


class Kind(models.TextChoices):
    """What can be approved. A higher app registers what a decision then does (`kinds`)."""

    REFUND = "refund", _("refund")
    MERGE = "merge", _("merge of customers")
    CORRECTION = "correction", _("correction")
    SPLIT = "split", _("merge taken back")


class Approval(OwnedModel):
    """One request for a second person's decision. Amounts in minor units of `currency`.

    What is about no money has no currency, and no limit.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired")

    kind = models.CharField(max_length=20, choices=Kind)
    subject_id = models.UUIDField()
    subject_reference = models.CharField(max_length=40)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    is_live = models.BooleanField(default=False)
    reason = models.CharField(max_length=200)
    """In the words of who asked; where he chose from a list, what stood there."""
    reason_code = models.CharField(max_length=40, blank=True, default="")
    """What he chose, where his words are those of the list: each reads them in his language."""
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)
    noticed_at = models.DateTimeField(null=True)
    """When the person who asked put the notice of the outcome away."""

    class Meta(OwnedModel.Meta):
        verbose_name = _("approval")
        permissions = [
            ("decide_refund", "Can decide on another person's refund"),
            ("decide_merge", "Can decide on another person's merge of customers"),
            ("decide_split", "Can decide on taking another person's merge back"),
            ("decide_correction", "Can decide on another person's correction"),
        ]
        indexes = [
            models.Index(fields=["status", "requested_at", "id"], name="approvals_queue"),
            models.Index(fields=["subject_id"], name="approvals_subject"),
            models.Index(
                fields=["requested_by", "noticed_at", "status"], name="approvals_unnoticed"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="approvals_never_by_oneself",
                condition=Q(decided_by__isnull=True)
                | ~Q(decided_by=F("requested_by"))
                | Q(status="withdrawn"),
            ),
            models.UniqueConstraint(
                name="approvals_one_pending", fields=["subject_id"], condition=Q(status="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_reference}"


class ApprovalLimit(models.Model):
    """Up to this amount a role acts alone, and may decide for others. Edited in the admin."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role = models.ForeignKey(
        "auth.Group", on_delete=models.PROTECT, related_name="+", verbose_name=_("role")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.REFUND)
    currency = models.CharField(_("currency"), max_length=3)
    max_minor = models.BigIntegerField(
        _("limit"), help_text=_("In the smallest unit of the currency: 10000 is 100.00 EUR.")
    )

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        indexes = [
            models.Index(fields=["kind", "currency", "role"], name="approvals_limit_kind"),
            models.Index(fields=["currency", "kind", "role"], name="approvals_limit_currency"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="approvals_limit_once", fields=["role", "kind", "currency"]
            ),
            models.CheckConstraint(name="approvals_limit_positive", condition=Q(max_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.currency}"

"""Money taken from what is held."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.owned import KeyedModel
from payments.ledger.money import Money
from payments.models.asked import Asked
from payments.models.attempts import Attempt
from payments.models.payments import Payment


class Capture(KeyedModel, Asked):
    """Money taken from what an attempt holds.

    `is_final`: what it leaves is let go. Until `settles_at`, where the provider says it, it can be
    taken back without a refund.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("on its way")
        UNKNOWN = "unknown", _("outcome unknown")
        CONFLICTED = "conflicted", _("answer does not fit")
        SUCCEEDED = "succeeded", _("captured")
        FAILED = "failed", _("failed")
        VOIDING = "voiding", _("being voided")
        VOID_UNKNOWN = "void_unknown", _("void unknown")
        VOIDED = "voided", pgettext_lazy("capture", "voided")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="captures")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="captures")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    is_final = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settles_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=40, blank=True)
    void_requested_at = models.DateTimeField(null=True)
    void_key = models.CharField(max_length=120, blank=True, editable=False)
    voided_at = models.DateTimeField(null=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("capture")
        indexes = [
            models.Index(fields=["status", "ask_at"], name="payments_capture_ask"),
            models.Index(fields=["status", "created_at", "id"], name="payments_capture_status"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.CheckConstraint(
                name="payments_capture_positive", condition=Q(amount_minor__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"capture {self.pk.hex[:8]}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

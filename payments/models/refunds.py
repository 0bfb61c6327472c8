"""Money given back, and for which reasons it may be."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import refuse_card_number
from audit.owned import KeyedModel
from payments.ledger.money import Money
from payments.models.asked import Asked
from payments.models.attempts import Attempt
from payments.models.payments import Payment


class RefundReason(models.Model):
    """Why money goes back, or why a state was corrected. The list is the administrators'."""

    class Act(models.TextChoices):
        REFUND = "refund", _("refund")
        CORRECTION = "correction", _("correction")

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    act = models.CharField(_("for"), max_length=12, choices=Act, default=Act.REFUND)
    label = models.CharField(_("label"), max_length=80, validators=[refuse_card_number])
    label_fr = models.CharField(
        _("label in French"), max_length=80, blank=True, validators=[refuse_card_number]
    )
    is_active = models.BooleanField(_("offered"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("refund reason")
        verbose_name_plural = _("refund reasons")
        ordering = ("position", "code")
        indexes = [
            models.Index(fields=["act", "position", "code"], name="payments_reason_act"),
            models.Index(
                fields=["is_active", "act", "position", "code"], name="payments_reason_active"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def words(self) -> str:
        """The label in the reader's language, English where there is no other."""
        if (get_language() or "").startswith("fr") and self.label_fr:
            return self.label_fr
        return self.label


class Refund(KeyedModel, Asked):
    """Money on its way back to the customer."""

    class Status(models.TextChoices):
        AWAITING_APPROVAL = "awaiting_approval", _("waiting for approval")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LAPSED = "lapsed", _("approval expired")
        PENDING = "pending", _("on its way")
        UNKNOWN = "unknown", _("outcome unknown")
        CONFLICTED = "conflicted", _("answer does not fit")
        SUCCEEDED = "succeeded", _("refunded")
        FAILED = "failed", _("failed")
        RETURNED = "returned", _("came back")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="refunds")
    merchant = models.ForeignKey(
        "parties.Merchant", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    is_live = models.BooleanField(default=False)
    """As the payment's, kept here too: together with the time they make the index of the list."""
    reference = models.CharField(max_length=16)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.ForeignKey(RefundReason, on_delete=models.PROTECT, related_name="+")
    comment = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=20, choices=Status)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=40, blank=True)
    arn = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(default=0)

    class Meta(KeyedModel.Meta):
        verbose_name = _("refund")
        indexes = [
            models.Index(
                fields=["merchant", "is_live", "created_at", "id"], name="payments_refund_merchant"
            ),
            models.Index(fields=["arn"], name="payments_refund_arn"),
            models.Index(fields=["status", "ask_at"], name="payments_refund_ask"),
            models.Index(fields=["status", "created_at", "id"], name="payments_refund_status"),
            models.Index(fields=["requested_by", "created_at"], name="payments_refund_requester"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.UniqueConstraint(fields=["reference"], name="payments_refund_reference"),
            models.CheckConstraint(
                name="payments_refund_positive", condition=Q(amount_minor__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

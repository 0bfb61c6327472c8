"""A payment: what was to be paid, what became of it in all, and what it is called."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.owned import KeyedModel
from payments.ledger.chart import AccountCode, AccountRef, name_account
from payments.ledger.money import Money


class Payment(KeyedModel):
    """What a customer owes a merchant. Its status is derived (`payments.states.derive`).

    `is_live` False: no money moves for it. The key that takes it says so, for good. `card` is kept
    only while the payment waits to be confirmed; what was tried stands in its attempts.
    """

    class Status(models.TextChoices):
        REQUIRES_CONFIRMATION = "requires_confirmation", _("not confirmed yet")
        PROCESSING = "processing", _("processing")
        REQUIRES_ACTION = "requires_action", _("waiting for the customer")
        UNKNOWN = "unknown", _("outcome unknown")
        CONFLICTED = "conflicted", _("answer does not fit")
        FAILED = "failed", _("failed")
        AUTHORIZED = "authorized", _("authorized")
        PARTIALLY_CAPTURED = "partially_captured", _("partly captured")
        CAPTURED = "captured", _("captured")
        PARTIALLY_REFUNDED = "partially_refunded", _("partly refunded")
        REFUNDED = "refunded", _("refunded")
        VOIDED = "voided", _("voided")
        VOIDED_AFTER_CAPTURE = "voided_after_capture", _("voided after capture")
        EXPIRED = "expired", _("expired")
        CANCELED = "canceled", _("canceled")

    class CaptureMethod(models.TextChoices):
        AUTOMATIC = "automatic", _("automatic")
        MANUAL = "manual", _("manual")

    merchant = models.ForeignKey("parties.Merchant", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    card = models.ForeignKey(
        "parties.CardReference", on_delete=models.PROTECT, null=True, related_name="+"
    )
    reference = models.CharField(max_length=16)
    order_reference = models.CharField(max_length=80, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    capture_method = models.CharField(max_length=10, choices=CaptureMethod)
    is_live = models.BooleanField(default=False)
    status = models.CharField(max_length=24, choices=Status, default=Status.PROCESSING)
    created_at = models.DateTimeField()
    authorized_minor = models.BigIntegerField(default=0)
    increment_pending_minor = models.BigIntegerField(default=0)
    increment_count = models.PositiveSmallIntegerField(default=0)
    capture_pending_minor = models.BigIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    capture_voiding_minor = models.BigIntegerField(default=0)
    capture_voided_minor = models.BigIntegerField(default=0)
    refund_pending_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    disputed_minor = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)

    class Meta(KeyedModel.Meta):
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        permissions = [
            ("refund_payment", "Can refund a payment"),
            ("capture_payment", "Can capture a payment"),
            ("increment_payment", "Can raise what a payment holds"),
            ("void_payment", "Can void a payment"),
            ("inquire_payment", "Can have the provider asked about a payment"),
            ("correct_payment", "Can correct a payment's state"),
            ("export_payments", "Can export payments"),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="payments_time"),
            models.Index(
                fields=["merchant", "is_live", "created_at", "id"], name="payments_merchant_mode"
            ),
            models.Index(fields=["is_live", "created_at", "id"], name="payments_mode_time"),
            models.Index(
                fields=["status", "is_live", "created_at", "id"], name="payments_status_time"
            ),
            models.Index(
                fields=["currency", "is_live", "created_at", "id"], name="payments_currency_time"
            ),
            models.Index(
                fields=["order_reference", "created_at", "id"], name="payments_order_time"
            ),
            models.Index(
                fields=["amount_minor", "currency", "is_live", "created_at", "id"],
                name="payments_amount_currency",
            ),
            models.Index(fields=["customer", "created_at", "id"], name="payments_customer_time"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.UniqueConstraint(fields=["reference"], name="payments_reference"),
            models.CheckConstraint(
                name="payments_amounts_hold",
                condition=Q(amount_minor__gt=0)
                & Q(authorized_minor__gte=0)
                & Q(increment_pending_minor__gte=0)
                & Q(capture_pending_minor__gte=0)
                & Q(captured_minor__gte=0)
                & Q(capture_voiding_minor__gte=0)
                & Q(capture_voided_minor__gte=0)
                & Q(refund_pending_minor__gte=0)
                & Q(refunded_minor__gte=0)
                & Q(disputed_minor__gte=0)
                & Q(authorized_minor__gte=F("captured_minor") + F("capture_pending_minor"))
                & Q(
                    captured_minor__gte=F("refunded_minor")
                    + F("refund_pending_minor")
                    + F("capture_voiding_minor")
                )
                & Q(captured_minor__gte=F("disputed_minor")),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def capturable(self) -> Money:
        """What may still be captured."""
        held = self.authorized_minor - self.captured_minor - self.capture_pending_minor
        return Money(held, self.currency)

    @property
    def refundable(self) -> Money:
        """What may still be refunded."""
        left = self.captured_minor - self.refunded_minor - self.refund_pending_minor
        return Money(left - self.capture_voiding_minor, self.currency)

    def account(self, code: AccountCode) -> AccountRef:
        """The merchant's account of a code, in this payment's currency and mode."""
        return name_account(self.merchant_id, self.currency, code, is_live=self.is_live)

    def money(self, minor: int) -> Money:
        """An amount of this payment's."""
        return Money(minor, self.currency)


def reference_of(prefix: str, pk: Any) -> str:
    """A short public reference made of a row's own UUID: `P-7F3A09BC12DE`."""
    return f"{prefix}-{pk.hex[:12].upper()}"

"""A payment, and the rows whose states it is derived from: attempts, captures, refunds.

All amounts are integers in the minor unit of the payment's currency.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import refuse_card_number
from audit.owned import KeyedModel, OwnedModel
from payments.ledger.money import Money


class Payment(KeyedModel):
    """What a customer owes a merchant. Its status is derived (`payments.states.derive`)."""

    class Status(models.TextChoices):
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

    class CaptureMethod(models.TextChoices):
        AUTOMATIC = "automatic", _("automatic")
        MANUAL = "manual", _("manual")

    merchant = models.ForeignKey("parties.Merchant", on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(
        "parties.Customer", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    reference = models.CharField(max_length=16)
    order_reference = models.CharField(max_length=80, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    capture_method = models.CharField(max_length=10, choices=CaptureMethod)
    status = models.CharField(max_length=20, choices=Status, default=Status.PROCESSING)
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
            models.Index(fields=["merchant", "created_at", "id"], name="payments_merchant_time"),
            models.Index(fields=["status", "created_at", "id"], name="payments_status_time"),
            models.Index(fields=["currency", "created_at", "id"], name="payments_currency_time"),
            models.Index(
                fields=["order_reference", "created_at", "id"], name="payments_order_time"
            ),
            models.Index(
                fields=["amount_minor", "currency", "created_at", "id"],
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

    def money(self, minor: int) -> Money:
        """An amount of this payment's."""
        return Money(minor, self.currency)


class Asked(models.Model):
    """What we asked a provider, and when to ask again for an answer that never came.

    `answered_minor` and `answered_currency` are set when the answer was about another amount than
    was asked for.
    """

    connector = models.CharField(max_length=20)
    provider_reference = models.CharField(max_length=80, blank=True, db_index=True)
    raw_status = models.CharField(max_length=80, blank=True)
    asked_times = models.PositiveSmallIntegerField(default=0)
    ask_at = models.DateTimeField(null=True)
    answered_minor = models.BigIntegerField(null=True)
    answered_currency = models.CharField(max_length=3, blank=True)

    class Meta:
        abstract = True

    @property
    def answered(self) -> Money | None:
        """The amount the provider spoke of, when it is not the one that was asked for."""
        if self.answered_minor is None:
            return None
        return Money(self.answered_minor, self.answered_currency)


class Attempt(KeyedModel, Asked):
    """One try at one provider to get the money held."""

    class Status(models.TextChoices):
        PENDING = "pending", _("asked")
        REQUIRES_ACTION = "requires_action", _("waiting for the customer")
        UNKNOWN = "unknown", _("outcome unknown")
        CONFLICTED = "conflicted", _("answer does not fit")
        AUTHORIZED = "authorized", pgettext_lazy("attempt", "authorized")
        DECLINED = "declined", _("declined")
        FAILED = "failed", _("failed")
        CLOSING = "closing", _("last capture on its way")
        VOIDING = "voiding", _("being voided")
        VOID_UNKNOWN = "void_unknown", _("void unknown")
        VOIDED = "voided", pgettext_lazy("attempt", "voided")
        EXPIRED = "expired", pgettext_lazy("attempt", "expired")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    card = models.ForeignKey("parties.CardReference", on_delete=models.PROTECT, related_name="+")
    last_four = models.CharField(max_length=4, blank=True)
    """Of the card, kept here too: with the amount and the time it makes an index to search by."""
    number = models.PositiveSmallIntegerField()
    amount_minor = models.BigIntegerField()
    approved_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    decline_code = models.CharField(max_length=40, blank=True)
    raw_decline_code = models.CharField(max_length=80, blank=True)
    network = models.CharField(max_length=20, blank=True)
    network_transaction_id = models.CharField(max_length=80, blank=True)
    avs_result = models.CharField(max_length=20, blank=True)
    cvv_result = models.CharField(max_length=20, blank=True)
    three_ds_result = models.CharField(max_length=30, blank=True)
    void_requested_at = models.DateTimeField(null=True)
    void_key = models.CharField(max_length=120, blank=True, editable=False)
    void_minor = models.BigIntegerField(default=0)

    class Meta(KeyedModel.Meta):
        verbose_name = _("attempt")
        indexes = [
            models.Index(fields=["status", "ask_at"], name="payments_attempt_ask"),
            models.Index(fields=["status", "expires_at"], name="payments_attempt_expiry"),
            models.Index(fields=["decline_code", "payment"], name="payments_attempt_decline"),
            models.Index(
                fields=["last_four", "created_at", "id"], name="payments_attempt_card_time"
            ),
            models.Index(
                fields=["last_four", "amount_minor", "currency", "created_at", "id"],
                name="payments_attempt_card_amount",
            ),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.UniqueConstraint(fields=["payment", "number"], name="payments_attempt_number"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def approved(self) -> Money:
        """What the issuer holds in all, increments with it."""
        return Money(self.approved_minor, self.currency)

    @property
    def is_partly_approved(self) -> bool:
        """The issuer holds less than was asked for."""
        return 0 < self.approved_minor < self.amount_minor


class Increment(KeyedModel, Asked):
    """More to be held by an authorization that is open: its history, one row for each try."""

    class Status(models.TextChoices):
        PENDING = "pending", _("on its way")
        UNKNOWN = "unknown", _("outcome unknown")
        CONFLICTED = "conflicted", _("answer does not fit")
        SUCCEEDED = "succeeded", pgettext_lazy("increment", "granted")
        FAILED = "failed", _("failed")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="increments")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="increments")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=40, blank=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("increment")
        indexes = [models.Index(fields=["status", "ask_at"], name="payments_increment_ask")]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.CheckConstraint(
                name="payments_increment_positive", condition=Q(amount_minor__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"increment {self.pk.hex[:8]}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


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

    class Meta(KeyedModel.Meta):
        verbose_name = _("refund")
        indexes = [
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


class DayTotals(OwnedModel):
    """What became of the payments that a merchant took on one day in one currency, up to now.

    Computed, never decided: a refund of today changes the row of the day on which its payment was
    taken. Days are those of the house's time zone. Its id follows from its name.
    """

    merchant = models.ForeignKey("parties.Merchant", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    day = models.DateField()
    taken = models.PositiveIntegerField(default=0)
    taken_minor = models.BigIntegerField(default=0)
    approved = models.PositiveIntegerField(default=0)
    approved_minor = models.BigIntegerField(default=0)
    declined = models.PositiveIntegerField(default=0)
    captured = models.PositiveIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    refunded = models.PositiveIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)

    class Meta(OwnedModel.Meta):
        verbose_name = _("totals of a day")
        verbose_name_plural = _("totals of days")
        indexes = [
            models.Index(fields=["day", "currency", "merchant"], name="payments_days"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "currency", "day"], name="payments_day_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"


class DaysProgress(OwnedModel):
    """How far the totals of days have come; there is one row.

    Days up to `through_on` are complete, in `zone`; changes on record up to `changes_until` are in
    them. Another time zone makes other days: then all are computed anew.
    """

    zone = models.CharField(max_length=64)
    through_on = models.DateField(null=True)
    changes_until = models.DateTimeField()

    class Meta(OwnedModel.Meta):
        verbose_name = _("progress of the totals of days")

    def __str__(self) -> str:
        return f"{self.zone} {self.through_on}"


class Correction(KeyedModel):
    """A state set by a person to what the provider really says: beside what was, never over it.

    Names the row it corrects, what that was and what it is to be, why, and what shows it.
    """

    class Kind(models.TextChoices):
        ATTEMPT = "attempt", _("authorization")
        CAPTURE = "capture", _("capture")
        REFUND = "refund", _("refund")

    class Status(models.TextChoices):
        AWAITING_APPROVAL = "awaiting_approval", _("waiting for approval")
        DONE = "done", _("corrected")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LAPSED = "lapsed", _("approval expired")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="corrections")
    reference = models.CharField(max_length=16)
    kind = models.CharField(max_length=10, choices=Kind)
    row_id = models.UUIDField()
    from_status = models.CharField(max_length=16)
    to_status = models.CharField(max_length=16)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    provider_reference = models.CharField(max_length=80, blank=True)
    reason = models.ForeignKey(RefundReason, on_delete=models.PROTECT, related_name="+")
    evidence = models.CharField(max_length=1000)
    status = models.CharField(max_length=20, choices=Status, default=Status.DONE)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("correction")
        indexes = [models.Index(fields=["row_id", "status"], name="payments_correction_row")]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.UniqueConstraint(fields=["reference"], name="payments_correction_reference"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    def words_of(self, status: str) -> Any:
        """What a state of the corrected row is called."""
        model = {"attempt": Attempt, "capture": Capture, "refund": Refund}[self.kind]
        return model.Status(status).label  # type: ignore[attr-defined]

    @property
    def before(self) -> Any:
        return self.words_of(self.from_status)

    @property
    def after(self) -> Any:
        return self.words_of(self.to_status)


Asking = Attempt | Increment | Capture | Refund
"""Rows that a provider was asked about."""


def reference_of(prefix: str, pk: Any) -> str:
    """A short public reference made of a row's own UUID: `P-7F3A09BC12DE`."""
    return f"{prefix}-{pk.hex[:12].upper()}"

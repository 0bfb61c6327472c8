"""A try to have the money held at a provider, and what it was raised by."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.owned import KeyedModel
from payments.gateways.models import ConnectorAccount
from payments.ledger.money import Money
from payments.models.asked import Asked
from payments.models.payments import Payment


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

    class ExpiresBy(models.TextChoices):
        PROVIDER = "provider", _("as the provider says")
        NETWORK = "network", _("as it is set for the network")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    card = models.ForeignKey("parties.CardReference", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(
        ConnectorAccount, on_delete=models.PROTECT, null=True, related_name="+"
    )
    """Through which account it was asked; captures and refunds go through the same. None: it is
    older than accounts are."""
    last_four = models.CharField(max_length=4, blank=True)
    """Of the card, kept here too: with the amount and the time it makes an index to search by."""
    number = models.PositiveSmallIntegerField()
    is_live = models.BooleanField(default=False)
    amount_minor = models.BigIntegerField()
    approved_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    expires_by = models.CharField(max_length=8, choices=ExpiresBy, blank=True)
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
                fields=["last_four", "is_live", "created_at", "id"],
                name="payments_attempt_card_time",
            ),
            models.Index(
                fields=["last_four", "amount_minor", "currency", "is_live", "created_at", "id"],
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

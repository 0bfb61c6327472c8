"""Who sells, who buys, and with which card. Personal fields are sealed; a card is a token."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.encryption import SealedField
from audit.owned import KeyedModel, OwnedModel

PERSONAL_FIELDS = ("name", "email", "phone", "address")
"""The sealed fields of a customer."""


class Merchant(KeyedModel):
    """A business that takes payments through us. Its fee: a share of the amount, and something
    fixed in each currency.

    One that is not active takes no new payments; what it took goes on. `name_key` is its name as
    it is looked up (`policy.name_key`).
    """

    reference = models.CharField(_("reference"), max_length=12)
    name = models.CharField(_("name"), max_length=120)
    name_key = models.CharField(max_length=120, default="", editable=False)
    statement_descriptor = models.CharField(_("on card statements"), max_length=22)
    fee_basis_points = models.PositiveIntegerField(
        _("share of the amount, in hundredths of a percent"), default=0
    )
    is_live = models.BooleanField(_("live"), default=False)
    is_active = models.BooleanField(_("takes payments"), default=True)
    created_at = models.DateTimeField(_("taken in"))

    class Meta(KeyedModel.Meta):
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")
        indexes = [
            models.Index(fields=["name_key", "id"], name="parties_merchant_name"),
            models.Index(fields=["is_active", "name_key", "id"], name="parties_merchant_active"),
            models.Index(fields=["is_live", "name_key", "id"], name="parties_merchant_live"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.UniqueConstraint(fields=["reference"], name="parties_merchant_reference_once"),
            models.CheckConstraint(
                condition=Q(fee_basis_points__lte=10_000), name="parties_merchant_fee_of_amount"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class MerchantCurrency(OwnedModel):
    """A currency in which a merchant takes payments; its accounts are open on the ledger.

    One that is not active is not taken any more; captures and refunds of what was taken go on.
    """

    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="currencies", db_index=False
    )
    currency = models.CharField(max_length=3)
    fee_fixed_minor = models.BigIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta(OwnedModel.Meta):
        verbose_name = _("merchant's currency")
        verbose_name_plural = _("merchants' currencies")
        constraints = [
            models.UniqueConstraint(fields=["merchant", "currency"], name="parties_currency_once"),
            models.CheckConstraint(
                condition=Q(fee_fixed_minor__gte=0), name="parties_currency_fee_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.currency


class Customer(KeyedModel):
    """A person who pays. Known everywhere by `reference`; the rest is sealed under a data key of
    his own (`SubjectKey` with the same id) and found by blind index only.

    Test and live are two worlds (`is_live`): a key of one never meets a customer of the other.
    One that was found to be another's duplicate points at him (`merged_into`) until a merge is
    taken back: what it had stays where it was booked, and is shown with what the other has.
    """

    merchant = models.ForeignKey(
        Merchant, on_delete=models.PROTECT, related_name="customers", db_index=False
    )
    reference = models.CharField(max_length=12)
    name = SealedField(blank=True)
    email = SealedField(blank=True)
    phone = SealedField(blank=True)
    address = SealedField(blank=True)
    email_index = models.CharField(max_length=64, blank=True)
    phone_index = models.CharField(max_length=64, blank=True)
    is_live = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="merged_from"
    )
    merged_at = models.DateTimeField(null=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("customer")
        permissions = [("reveal_customer", "Can see a customer's name and addresses in clear")]
        indexes = [
            models.Index(
                fields=["merchant", "is_live", "created_at", "id"], name="parties_customer_mode"
            ),
            models.Index(fields=["email_index"], name="parties_customer_email"),
            models.Index(fields=["phone_index"], name="parties_customer_phone"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.UniqueConstraint(fields=["reference"], name="parties_customer_reference_once"),
        ]

    def __str__(self) -> str:
        return self.reference


class Merge(KeyedModel):
    """A request to make a customer the duplicate of another; two people decide on it."""

    class Status(models.TextChoices):
        AWAITING_APPROVAL = "awaiting_approval", _("waiting for approval")
        MERGED = "merged", _("merged")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LAPSED = "lapsed", _("approval expired")
        TAKEN_BACK = "taken_back", _("taken back")

    duplicate = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    survivor = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.AWAITING_APPROVAL)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("merge of customers")
        permissions = [("merge_customer", "Can ask for two customers to be merged")]
        indexes = [
            models.Index(fields=["duplicate", "status"], name="parties_merge_duplicate"),
            models.Index(fields=["survivor", "status"], name="parties_merge_survivor"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(duplicate=F("survivor")), name="parties_merge_of_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.duplicate} → {self.survivor}"


class Split(KeyedModel):
    """A request to take a merge back; two people decide on it."""

    class Status(models.TextChoices):
        AWAITING_APPROVAL = "awaiting_approval", _("waiting for approval")
        DONE = "done", _("taken back")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LAPSED = "lapsed", _("approval expired")

    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=20, choices=Status, default=Status.AWAITING_APPROVAL)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("merge taken back")
        verbose_name_plural = _("merges taken back")
        indexes = [models.Index(fields=["merge", "status"], name="parties_split_merge")]

    def __str__(self) -> str:
        return f"split {self.pk.hex[:8]}"


class CardReference(KeyedModel):
    """A card as its provider knows it: a token, never the number.

    `card_fingerprint` is the provider's: equal for the same card under two tokens.
    """

    class Funding(models.TextChoices):
        CREDIT = "credit", _("credit")
        DEBIT = "debit", _("debit")
        PREPAID = "prepaid", _("prepaid")
        UNKNOWN = "unknown", _("unknown")

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="cards")
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, related_name="cards", db_index=False
    )
    connector = models.CharField(max_length=32)
    token = models.CharField(max_length=120)
    brand = models.CharField(max_length=20)
    bin = models.CharField(max_length=8, blank=True)
    last_four = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    card_fingerprint = models.CharField(max_length=64, blank=True)
    funding = models.CharField(max_length=8, choices=Funding, default=Funding.UNKNOWN)
    country = models.CharField(max_length=2, blank=True)
    is_live = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta(KeyedModel.Meta):
        verbose_name = _("card")
        indexes = [
            models.Index(fields=["card_fingerprint"], name="parties_card_fingerprint"),
            models.Index(fields=["last_four"], name="parties_card_last_four"),
            models.Index(fields=["customer", "created_at", "id"], name="parties_card_customer"),
        ]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.CheckConstraint(
                condition=Q(exp_month__gte=1, exp_month__lte=12), name="parties_card_month"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand} ••{self.last_four}"

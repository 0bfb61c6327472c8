"""Accounts, transfers, entries.

The sign, explained once: an entry's amount is signed minor units, **debit positive, credit
negative**. A transfer's entries sum to zero in each currency, so whatever one account gains in
debits the others carry in credits. A capture of 10.00 debits provider clearing by +1000 (the
provider owes us) and credits merchant payable by -1000 (we owe the merchant). What we own or spend
usually stands at a debit, what we owe or earn at a credit (`AccountCode.is_debit_normal`).

A *guarded* account is something we owe to one holder, so it is credit-normal: `balance_minor` is
minus the sum of its entries, and a CHECK keeps it from going below zero.

Transfers and entries are never changed or removed; undo is a reversing transfer.

Test money and live money have accounts of their own, and a transfer is of one mode: it and its
entries say which, and the database holds an entry to the mode of both its transfer and its account.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audit.constraints import TrueOfReferenced
from audit.owned import OwnedModel
from payments.ledger.chart import AccountCode, AccountRef, TransferCode


class Account(OwnedModel):
    """A place where money stands, or (`is_live` False) where test money does. Its id follows from
    its name (`AccountRef`), so an entry that names an account names a mode."""

    owner_id = models.UUIDField()
    is_live = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    code = models.CharField(max_length=24, choices=AccountCode)
    holder = models.UUIDField(null=True)
    guarded = models.BooleanField(default=False)
    balance_minor = models.BigIntegerField(default=0)

    class Meta(OwnedModel.Meta):
        verbose_name = _("account")
        indexes = [
            models.Index(
                fields=["owner_id", "is_live", "currency", "code"], name="ledger_account_owner"
            ),
            models.Index(fields=["holder"], name="ledger_account_holder"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["id", "is_live"], name="ledger_account_mode"),
            models.CheckConstraint(
                condition=Q(balance_minor__gte=0), name="ledger_account_not_below_zero"
            ),
            models.CheckConstraint(
                condition=Q(guarded=True) | Q(balance_minor=0), name="ledger_account_derived"
            ),
            models.CheckConstraint(
                condition=Q(guarded=True, holder__isnull=False)
                | Q(guarded=False, holder__isnull=True),
                name="ledger_account_guarded_has_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"

    @property
    def ref(self) -> AccountRef:
        """The name from which its id follows."""
        code = AccountCode(self.code)
        return AccountRef(self.owner_id, self.currency, code, self.holder, is_live=self.is_live)


class Transfer(OwnedModel):
    """Money moved: why (`code`), what for (`reference`, such as `refund:<uuid>`), when it counts
    (`effective_at`, the caller's clock) and when it was booked (`recorded_at`, the database's)."""

    append_only: ClassVar[bool] = True

    code = models.CharField(max_length=24, choices=TransferCode)
    reference = models.CharField(max_length=80)
    is_live = models.BooleanField()
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    command_id = models.UUIDField()
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="reversals", db_index=False
    )

    class Meta(OwnedModel.Meta):
        verbose_name = _("transfer")
        constraints = [
            # The reference leads: a payment's transfers are found by theirs.
            models.UniqueConstraint(
                fields=["reference", "code"], name="ledger_transfer_booked_once"
            ),
            models.UniqueConstraint(fields=["id", "is_live"], name="ledger_transfer_mode"),
            models.UniqueConstraint(fields=["reverses"], name="ledger_transfer_reversed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.reference}"


class Entry(OwnedModel):
    """One leg of a transfer: signed minor units, debit positive, credit negative."""

    append_only: ClassVar[bool] = True

    transfer = models.ForeignKey(
        Transfer, on_delete=models.PROTECT, related_name="entries", db_constraint=False
    )
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="entries",
        db_index=False,
        db_constraint=False,
    )
    is_live = models.BooleanField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta(OwnedModel.Meta):
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        indexes = [
            models.Index(fields=["account", "recorded_at", "id"], name="ledger_entry_account"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="ledger_entry_not_zero"),
            TrueOfReferenced(through="transfer", field="is_live", name="ledger_entry_of_transfer"),
            TrueOfReferenced(through="account", field="is_live", name="ledger_entry_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"


class Rollup(OwnedModel):
    """The sum of a derived account's entries booked up to `through_at`, so that a balance is read
    without its whole history. Computed, never decided: `prove` computes it anew."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="rollup")
    through_at = models.DateTimeField()
    balance_minor = models.BigIntegerField()

    class Meta(OwnedModel.Meta):
        verbose_name = _("rolled-up balance")

    def __str__(self) -> str:
        return f"{self.account_id} {self.through_at:%Y-%m-%d %H:%M}"

"""The chart of accounts, and the names of accounts.

A name is (owner, currency, code, holder, mode), and the account's id follows from it: whoever
posts computes the ids and reads nothing. Test money and live money have accounts of their own.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cached_property

from django.db import models
from django.utils.translation import gettext_lazy as _

NAMESPACE = uuid.UUID("6f0d5a52-6f0e-4f6f-9a0c-3f3b0c3a1d77")


class AccountCode(models.TextChoices):
    BANK = "bank", _("Bank")
    PROVIDER_CLEARING = "provider_clearing", _("Provider clearing")
    MERCHANT_PAYABLE = "merchant_payable", _("Owed to the merchant")
    PAYOUTS_IN_FLIGHT = "payouts_in_flight", _("Payouts on their way")
    REFUNDS_IN_FLIGHT = "refunds_in_flight", _("Refunds on their way")
    DISPUTE_RESERVE = "dispute_reserve", _("Dispute reserve")
    GIFT_CARD_LIABILITY = "gift_card_liability", _("Gift cards outstanding")
    POINTS_LIABILITY = "points_liability", _("Points outstanding")
    POINTS_EXPENSE = "points_expense", _("Cost of points")
    FEES = "fees", _("Fees earned")
    BREAKAGE = "breakage", _("Breakage")
    UNCLAIMED = "unclaimed", _("Unclaimed money")
    PROVIDER_FEES = "provider_fees", _("Provider fees")
    LOSSES = "losses", _("Losses")
    SUSPENSE = "suspense", _("Suspense")

    @property
    def is_debit_normal(self) -> bool:
        """Whether its balance is usually a debit: what is owned or spent, not owed or earned."""
        return self in DEBIT_NORMAL


DEBIT_NORMAL = frozenset(
    {
        AccountCode.BANK,
        AccountCode.PROVIDER_CLEARING,
        AccountCode.POINTS_EXPENSE,
        AccountCode.PROVIDER_FEES,
        AccountCode.LOSSES,
        AccountCode.SUSPENSE,
    }
)

GUARDED = frozenset({AccountCode.GIFT_CARD_LIABILITY, AccountCode.POINTS_LIABILITY})
"""Codes of which each holder (a card, a wallet) has an account that may never go below zero."""


class TransferCode(models.TextChoices):
    """Why money moved. Together with its reference a transfer can be booked once only."""

    CAPTURE = "capture", _("Capture")
    CAPTURE_FEE = "capture_fee", _("Fee of a capture")
    CAPTURE_VOIDED = "capture_voided", _("Capture voided")
    CAPTURE_FEE_VOIDED = "capture_fee_voided", _("Fee of a voided capture given back")
    REFUND_REQUESTED = "refund_requested", _("Refund requested")
    REFUND_SENT = "refund_sent", _("Refund sent")
    REFUND_FAILED = "refund_failed", _("Refund failed")
    REFUND_RETURNED = "refund_returned", _("Refund came back")
    LATE_TAKEN = "late_taken", _("Taken for a payment that had failed")
    LATE_RECLAIMED = "late_reclaimed", _("Unclaimed money put back on suspense")
    LATE_RETURNED = "late_returned", _("Given back of a payment that had failed")
    LATE_ADOPTED = "late_adopted", _("Kept for a payment that had failed")
    LATE_UNCLAIMED = "late_unclaimed", _("Booked off: it could not be given back")
    REFUND_FEE = "refund_fee", _("Fee of a refund")
    DISPUTE_OPENED = "dispute_opened", _("Dispute opened")
    DISPUTE_FEE = "dispute_fee", _("Fee of a dispute")
    DISPUTE_WON = "dispute_won", _("Dispute won")
    DISPUTE_LOST = "dispute_lost", _("Dispute lost")
    SETTLEMENT_RECEIVED = "settlement_received", _("Settlement received")
    PROVIDER_FEE = "provider_fee", _("Fee of a provider")
    PAYOUT_REQUESTED = "payout_requested", _("Payout requested")
    PAYOUT_SENT = "payout_sent", _("Payout sent")
    PAYOUT_FAILED = "payout_failed", _("Payout failed")
    GIFT_CARD_ISSUED = "gift_card_issued", _("Gift card issued")
    GIFT_CARD_REDEEMED = "gift_card_redeemed", _("Gift card redeemed")
    GIFT_CARD_RESTORED = "gift_card_restored", _("Gift card restored")
    GIFT_CARD_EXPIRED = "gift_card_expired", _("Gift card expired")
    POINTS_EARNED = "points_earned", _("Points earned")
    POINTS_SPENT = "points_spent", _("Points spent")
    POINTS_EXPIRED = "points_expired", _("Points expired")
    POINTS_CLAWED_BACK = "points_clawed_back", _("Points clawed back")
    CORRECTION = "correction", _("Correction")
    REVERSAL = "reversal", _("Reversal")


@dataclass(frozen=True)
class AccountRef:
    """The name of an account; `id` follows from it. One with a holder is guarded.

    `is_live` False: what stands on it is no money.
    """

    owner_id: uuid.UUID
    currency: str
    code: AccountCode
    holder: uuid.UUID | None = None
    is_live: bool = field(kw_only=True)

    def __post_init__(self) -> None:
        if self.holder is not None and self.code not in GUARDED:
            raise ValueError(f"accounts of {self.code} have no holder")

    @cached_property
    def id(self) -> uuid.UUID:
        name = f"{self.owner_id}:{self.currency}:{self.code.value}:{self.holder or ''}"
        return uuid.uuid5(NAMESPACE, f"{name}:live" if self.is_live else name)

    @property
    def is_guarded(self) -> bool:
        return self.holder is not None


def name_account(
    owner_id: uuid.UUID,
    currency: str,
    code: AccountCode,
    holder: uuid.UUID | None = None,
    *,
    is_live: bool,
) -> AccountRef:
    """The account of a merchant, a currency, a code and a mode; of one card or wallet with
    `holder`."""
    return AccountRef(owner_id, currency, AccountCode(code), holder, is_live=is_live)

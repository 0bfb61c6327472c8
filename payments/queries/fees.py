"""What we earn."""

from __future__ import annotations

import uuid

from django.db.models import Sum

from payments.ledger.chart import TransferCode
from payments.ledger.models import Entry
from payments.ledger.money import Money
from payments.models import Capture
from payments.parties.models import MerchantCurrency
from payments.parties.policy import fee_of


def get_fee(merchant_id: uuid.UUID, amount: Money) -> Money:
    """Our fee for capturing `amount`, by the merchant's terms in its currency. One SELECT."""
    terms = MerchantCurrency.objects.select_related("merchant").get(
        merchant_id=merchant_id, currency=amount.currency
    )
    return fee_of(amount, terms.merchant.fee_basis_points, terms.fee_fixed_minor)


def get_booked_fee(capture: Capture) -> Money:
    """Our fee for a capture as it was booked, whatever the merchant's terms are now. One SELECT."""
    booked = Entry.objects.filter(
        transfer__code=TransferCode.CAPTURE_FEE,
        transfer__reference=f"capture:{capture.pk}",
        amount_minor__gt=0,
    ).aggregate(minor=Sum("amount_minor"))
    return Money(int(booked["minor"] or 0), capture.currency)

"""What we earn."""

from __future__ import annotations

import uuid

from payments.ledger.money import Money
from payments.parties.models import MerchantCurrency
from payments.parties.policy import fee_of


def get_fee(merchant_id: uuid.UUID, amount: Money) -> Money:
    """Our fee for capturing `amount`, by the merchant's terms in its currency. One SELECT."""
    terms = MerchantCurrency.objects.select_related("merchant").get(
        merchant_id=merchant_id, currency=amount.currency
    )
    return fee_of(amount, terms.merchant.fee_basis_points, terms.fee_fixed_minor)

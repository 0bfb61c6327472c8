"""Writing parties inside somebody's Work."""

from __future__ import annotations

import secrets

from audit.work import Work
from payments.ledger.steps import open_accounts
from payments.parties.models import Merchant, MerchantCurrency

READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without what is read or heard as something else; without most vowels, so without words."""


def make_reference(prefix: str) -> str:
    """A public reference: the prefix, a dash and eight readable characters."""
    return f"{prefix}-{''.join(secrets.choice(READABLE) for _ in range(8))}"


def open_currency(
    work: Work, merchant: Merchant, currency: str, fee_fixed_minor: int
) -> MerchantCurrency:
    """Let a merchant take payments in a currency and open its accounts. One SELECT."""
    terms = MerchantCurrency(merchant=merchant, currency=currency, fee_fixed_minor=fee_fixed_minor)
    work.add(terms)
    open_accounts(work, merchant.pk, currency)
    return terms

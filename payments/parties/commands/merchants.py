"""Taking merchants in, and opening their currencies."""

from __future__ import annotations

import uuid

from audit.command import command
from audit.work import Work
from payments.parties import errors, policy
from payments.parties.models import Merchant, MerchantCurrency
from payments.parties.steps import add_merchant, open_currency


@command("parties.merchant.created")
def create_merchant(
    work: Work,
    *,
    name: str,
    statement_descriptor: str,
    fixed_fees: dict[str, int],
    fee_basis_points: int = 0,
    is_live: bool = False,
    key: str,
) -> Merchant:
    """Take a merchant in, with a currency for each of `fixed_fees` (`{"EUR": 25}`, minor units).

    Opens its accounts on the ledger. The same key again returns the first merchant. One SELECT for
    the key and one for each currency.
    """
    if (made := work.replay(Merchant)) is not None:
        return made
    return add_merchant(
        work,
        key=key,
        fingerprint=work.fingerprint,
        name=name,
        statement_descriptor=statement_descriptor,
        fixed_fees=fixed_fees,
        fee_basis_points=fee_basis_points,
        is_live=is_live,
    )


@command("parties.currency.opened")
def add_currency(
    work: Work, *, merchant_id: uuid.UUID, currency: str, fee_fixed_minor: int = 0
) -> MerchantCurrency:
    """Let a merchant take payments in one more currency. Raises a conflict when it does already."""
    merchant = work.load_one(Merchant.objects.filter(pk=merchant_id), errors.no_such_merchant())
    policy.check_terms({currency: fee_fixed_minor})
    if MerchantCurrency.objects.filter(merchant=merchant, currency=currency).exists():
        raise errors.currency_already_open(merchant)
    return open_currency(work, merchant, currency, fee_fixed_minor)

"""Writing parties inside somebody's Work."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from audit.texts import clean_text
from audit.work import Work
from payments.ledger.steps import open_accounts
from payments.parties import policy
from payments.parties.models import Merchant, MerchantCurrency


def make_reference(prefix: str) -> str:
    """A public reference: the prefix, a dash and eight readable characters."""
    return f"{prefix}-{''.join(secrets.choice(policy.READABLE) for _ in range(8))}"


def clean_merchant(name: str, statement_descriptor: str) -> dict[str, str]:
    """The columns that say who a merchant is, tidied. Raises a Refusal that names the field."""
    tidy = clean_text(name, field="name", most=120, required=True)
    return {
        "name": tidy,
        "name_key": policy.name_key(tidy),
        "statement_descriptor": policy.clean_descriptor(statement_descriptor),
    }


def add_merchant(
    work: Work,
    *,
    key: str,
    fingerprint: str,
    name: str,
    statement_descriptor: str,
    fixed_fees: Mapping[str, int],
    fee_basis_points: int = 0,
    is_live: bool = False,
    is_active: bool = True,
) -> Merchant:
    """A new merchant with a currency for each of `fixed_fees`, its accounts open on the ledger.

    One SELECT for each currency.
    """
    policy.check_terms(fixed_fees, fee_basis_points)
    merchant = Merchant(
        key=key,
        fingerprint=fingerprint,
        reference=make_reference("M"),
        **clean_merchant(name, statement_descriptor),
        fee_basis_points=fee_basis_points,
        is_live=is_live,
        is_active=is_active,
        created_at=work.now,
    )
    work.add(merchant, event="parties.merchant.created")
    for currency, minor in fixed_fees.items():
        open_currency(work, merchant, currency, minor)
    return merchant


def change_merchant(
    work: Work,
    merchant: Merchant,
    *,
    name: str,
    statement_descriptor: str,
    fee_basis_points: int,
    is_live: bool,
    is_active: bool,
) -> None:
    """Change what is said of a merchant, and its share of what is captured from now on."""
    wanted = {
        **clean_merchant(name, statement_descriptor),
        "fee_basis_points": fee_basis_points,
        "is_live": is_live,
        "is_active": is_active,
    }
    changed = {field: new for field, new in wanted.items() if getattr(merchant, field) != new}
    if changed:
        work.change(merchant, event="parties.merchant.changed", **changed)


def change_currency(
    work: Work, terms: MerchantCurrency, *, fee_fixed_minor: int, is_active: bool
) -> None:
    """Change a fixed fee from now on, or whether the currency is taken."""
    wanted = {"fee_fixed_minor": fee_fixed_minor, "is_active": is_active}
    changed = {field: new for field, new in wanted.items() if getattr(terms, field) != new}
    if changed:
        work.change(terms, event="parties.currency.changed", **changed)


def open_currency(
    work: Work, merchant: Merchant, currency: str, fee_fixed_minor: int
) -> MerchantCurrency:
    """Let a merchant take payments in a currency and open its accounts. One SELECT."""
    terms = MerchantCurrency(merchant=merchant, currency=currency, fee_fixed_minor=fee_fixed_minor)
    work.add(terms, event="parties.currency.opened")
    open_accounts(work, merchant.pk, currency)
    return terms

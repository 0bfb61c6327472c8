"""Keeping cards as their provider's tokens."""

from __future__ import annotations

import uuid

from audit.command import command
from audit.texts import clean_text
from audit.work import Work
from payments.parties import errors, policy
from payments.parties.models import CardReference, Customer, Merchant


@command("parties.card.added")
def add_card(
    work: Work,
    *,
    merchant_id: uuid.UUID,
    customer_id: uuid.UUID | None = None,
    connector: str,
    card: policy.CardDetails,
    is_live: bool = False,
    key: str,
) -> CardReference:
    """Keep a card as its provider's token. A card number anywhere in it is refused.

    A customer of the other mode, test or live, is not there.

    The same key again returns the first card. Two or three SELECTs.
    """
    if (made := work.replay(CardReference)) is not None:
        return made
    merchant = work.load_one(Merchant.objects.filter(pk=merchant_id), errors.no_such_merchant())
    policy.check_card(card)
    reference = CardReference(
        key=key,
        fingerprint=work.fingerprint,
        merchant=merchant,
        customer=_customer_of(work, merchant, customer_id, is_live=is_live),
        connector=clean_text(connector, field="connector", most=32, required=True),
        token=card.token,
        brand=clean_text(card.brand, field="brand", most=20, required=True),
        bin=card.bin,
        last_four=card.last_four,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        card_fingerprint=clean_text(card.fingerprint, field="card_fingerprint", most=64),
        funding=card.funding,
        country=card.country,
        is_live=is_live,
        created_at=work.now,
    )
    work.add(reference)
    return reference


def _customer_of(
    work: Work, merchant: Merchant, customer_id: uuid.UUID | None, *, is_live: bool
) -> Customer | None:
    if customer_id is None:
        return None
    rows = Customer.objects.filter(pk=customer_id, is_live=is_live)
    customer = work.load_one(rows, errors.no_such_customer())
    if customer.merchant_id != merchant.pk:
        raise errors.of_another_merchant()
    return customer

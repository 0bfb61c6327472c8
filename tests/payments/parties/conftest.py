"""A merchant, a customer with everything, and whoever writes them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from audit.actor import acting_as, system
from payments.parties.commands import create_customer, create_merchant
from payments.parties.models import Customer, Merchant

PERSON: dict[str, Any] = {
    "name": "Odile Marchetaille",
    "email": "Odile.Marchetaille@demo.test",
    "phone": "+33 1 99 00 17 23",
    "address": "7 rue du Bac d'Essai\n75999 Paris",
}


def new_key() -> str:
    return uuid.uuid4().hex


def make_merchant(name: str = "Librairie Orbe", **fixed_fees: int) -> Merchant:
    return create_merchant(
        name=name,
        statement_descriptor="LIBRAIRIE ORBE",
        fixed_fees=fixed_fees or {"EUR": 25, "USD": 30},
        fee_basis_points=140,
        key=new_key(),
    )


@pytest.fixture(autouse=True)
def _somebody_acts() -> Iterator[None]:
    with acting_as(system("test")):
        yield


@pytest.fixture
def merchant(db: None) -> Merchant:
    return make_merchant()


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return create_customer(merchant_id=merchant.pk, key=new_key(), **PERSON)

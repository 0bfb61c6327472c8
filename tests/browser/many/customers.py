"""What a customer's page shows beside payments and refunds."""

from __future__ import annotations

from audit.data_keys import find_data_keys
from audit.encryption import seal
from audit.notes.models import Note, place_of
from payments.models import Payment
from payments.parties.models import CardReference
from tests.browser.many.rows import Maker, ago, like, named
from tests.payments.builders import make_customer

TWINS = 30


def cards(payment: Payment) -> Maker:
    """Cards of the customer of a payment."""
    [one, *_] = CardReference.objects.filter(customer=payment.customer)
    return like(
        one,
        token=lambda number: f"tok_many_{number}",
        last_four=lambda number: f"{number:04d}",
        created_at=ago,
    )


def notes(one: Note, kind: str, subject_id: object) -> Maker:
    """Notes on an object, sealed under the key that seals this one."""
    key = find_data_keys([one.holder_id])[one.holder_id]

    def text(number: int) -> str:
        place = place_of(named(f"note {kind}", number), "text")
        return seal(key, f"She called about parcel {number}: nothing has come.", place=place)

    return like(
        one,
        id=lambda number: named(f"note {kind}", number),
        key=lambda number: f"many-{kind}-{number}",
        kind=lambda _number: kind,
        subject_id=lambda _number: subject_id,
        text=text,
        made_at=ago,
    )


def make_twins(payment: Payment) -> None:
    """Other customers of the merchant with the same address: more than a page offers."""
    for number in range(TWINS):
        make_customer(payment.merchant, name=f"Odile Fontane {number}")

"""The little world that captures need: a merchant, a card, payments that are authorized."""

from __future__ import annotations

import json
import sys
import uuid

from audit.actor import Actor, ActorKind, acting_as, operator
from config.access.models import User
from payments.ledger.money import Money
from payments.models import Payment

PAYMENTS = 200
SHOP_PAYMENTS = 2000
"""So many that each is captured once or twice: an answer tells all captures of its payment, and who
captures faster would else have more to tell."""
HELD_MINOR = 900_000_000
"""Each is captured a thousand times, one unit at a time."""


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def clerk() -> Actor:
    """The person in whose name all of it is done."""
    person = User.objects.get(email="bench@house.test")
    return Actor(
        ActorKind.USER,
        person.reference,
        user_id=person.pk,
        roles=("payments_operator",),
        permissions=frozenset({"payments.capture_payment"}),
        request_id=uuid.uuid4().hex,
        address="127.0.0.1",
    )


def make() -> None:
    """All of it, through the commands."""
    from config.access.commands import create_person
    from tests.payments.builders import authorized_payment, make_card, make_customer, make_merchant

    with acting_as(operator("bench")):
        create_person(email="bench@house.test", name="Bench", roles=["support_lead"])
        merchant = make_merchant()
        customer = make_customer(merchant)
        card = make_card(merchant, customer)
        for _ in range(PAYMENTS):
            authorized_payment(eur(HELD_MINOR), merchant=merchant, customer=customer, card=card)


def make_shop() -> None:
    """A merchant with a key of the API, and payments of its own; told as JSON."""
    from tests.api.conftest import make_secret_key
    from tests.payments.builders import authorized_payment, make_card, make_customer, make_merchant

    with acting_as(operator("bench")):
        merchant = make_merchant()
        customer = make_customer(merchant)
        card = make_card(merchant, customer)
        given = {"merchant": merchant, "customer": customer, "card": card}
        made = [authorized_payment(eur(HELD_MINOR - 1), **given) for _ in range(SHOP_PAYMENTS)]
        _key, secret = make_secret_key(merchant)
    told = {
        "secret": secret,
        "payments": [str(payment.pk) for payment in made],
        "card": str(card.pk),
    }
    sys.stdout.write(f"{json.dumps(told)}\n")


def payments_of(_side: str) -> list[uuid.UUID]:
    """What a side captures."""
    return list(
        Payment.objects.filter(amount_minor=HELD_MINOR).order_by("pk").values_list("pk", flat=True)
    )

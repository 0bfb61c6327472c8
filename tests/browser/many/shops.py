"""What providers told us, what shops are told, our accounts there and the rules between them."""

from __future__ import annotations

from payments.gateways.models import InboundEvent
from payments.gateways.models.routes import scope_of
from payments.webhooks.models import Delivery, Event
from tests.browser.many.rows import Maker, ago, like, named
from tests.pages.conftest import House

WORDS = ("Nord", "Sud", "Est", "Ouest", "Centre")


def told_by_providers(house: House) -> list[Maker]:
    """Events in all states, accounts, and a rule for each merchant."""
    states = list(InboundEvent.Status)
    return [
        like(
            InboundEvent.objects.get(pk=house.event_id),
            event_id=lambda number: f"evt-many-{number}",
            status=lambda number: states[number % len(states)],
            received_at=ago,
        ),
        like(
            house.account,
            name=lambda number: f"Sandbox {WORDS[number % len(WORDS)]} {number}",
            merchant_id=lambda number: named("merchant", number),
            created_at=ago,
        ),
        like(
            house.route,
            merchant_id=lambda number: named("merchant", number),
            scope=lambda n: scope_of(named("merchant", n), "EUR", "", is_live=False),
        ),
    ]


def merchants(house: House) -> Maker:
    """Shops, in the order of their names."""
    return like(
        house.payment.merchant,
        id=lambda number: named("merchant", number),
        reference=lambda number: f"M-{number:08d}",
        name=lambda number: f"Librairie {number:05d}",
        name_key=lambda number: f"librairie {number:05d}",
        created_at=ago,
    )


def told_to_shops(house: House) -> list[Maker]:
    """Endpoints, events and their deliveries, and keys."""
    states = list(Delivery.Status)
    return [
        like(house.api_key, reference=lambda n: f"K-{n:08d}", digest=lambda n: f"many {n}"),
        like(
            house.delivery.endpoint,
            reference=lambda number: f"W-{number:08d}",
            url=lambda number: f"https://shop{number}.example/hooks",
        ),
        like(
            Event.objects.get(pk=house.delivery.event_id),
            id=lambda number: named("event", number),
            object_id=lambda number: named("object", number),
            created_at=ago,
        ),
        like(
            house.delivery,
            event_id=lambda number: named("event", number),
            status=lambda number: states[number % len(states)],
            created_at=ago,
        ),
    ]

"""What a provider tells in any order, any number of times, early or late: the end is the same."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from audit import clock
from payments.commands.captures import capture_payment
from payments.commands.payments import create_payment
from payments.commands.refunds import refund_payment
from payments.gateways.commands import map_word, receive_event, replay_events
from payments.gateways.models import InboundEvent
from payments.ledger.models import Entry
from payments.models import Attempt, Capture, Payment, Refund
from payments.proofs import payments_off
from tests.payments.builders import (
    eur,
    make_card,
    make_customer,
    make_merchant,
    make_reason,
    new_key,
)
from tests.payments.gateways.sandbox.running import Sandbox
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


@pytest.fixture
def provider(running: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    settings.SANDBOX_URL = running.url
    yield running
    running.client.delete("/control/faults")


class Story:
    """A payment whose customer must confirm, of which a part is taken and given back, while the
    provider does more than we asked for: it takes back one capture and lets go of the rest."""

    def __init__(self, provider: Sandbox) -> None:
        self.provider = provider
        self.told: set[str] = set()
        merchant = make_merchant()
        customer = make_customer(merchant)
        make_reason()
        card = make_card(merchant, customer, "tok_3ds_challenge_passed")
        self.payment = create_payment(
            merchant_id=merchant.pk,
            customer_id=customer.pk,
            card_id=card.pk,
            amount=eur(10_000),
            capture_method=Payment.CaptureMethod.MANUAL,
            key=new_key(),
        )
        deliver()
        self.hold = Attempt.objects.get(payment=self.payment).provider_reference

    def events(self) -> list[dict[str, Any]]:
        """What the provider has told of this payment up to now, in its order."""
        found: list[dict[str, Any]] = self.provider.get("/v1/events", limit=1000)["data"]
        return [one for one in found if self.hold in json.dumps(one)]

    def tell(self, event: dict[str, Any], *, again: bool = False) -> None:
        data = event["data"]
        suffix = f"-{len(self.told)}" if again else ""
        self.told.add(event["id"] + suffix)
        receive_event(
            connector="sandbox",
            event_id=event["id"] + suffix,
            type=event["type"],
            object_kind=data["object"],
            object_reference=data["id"],
            authorization_reference=self.hold,
            body=json.dumps(event),
            occurred_at=datetime.fromisoformat(event["created"]),
        )
        deliver()

    def acts(self) -> Iterator[None]:
        """What happens, act by act."""
        self.provider.control(f"authorizations/{self.hold}/resolve", {"outcome": "approved"})
        yield
        attempt = Attempt.objects.get(payment=self.payment)
        if attempt.status != "authorized":
            self.tell(self.events()[-1])
        for minor in (3_000, 2_000):
            capture_payment(payment_id=self.payment.pk, amount=eur(minor), key=new_key())
            deliver()
            yield
        first = Capture.objects.filter(payment=self.payment).order_by("-amount_minor")[0]
        self.provider.made(f"/v1/captures/{first.provider_reference}/void")
        yield
        refund_payment(
            payment_id=self.payment.pk,
            amount=eur(700),
            reason="requested_by_customer",
            key=new_key(),
        )
        deliver()
        yield
        self.provider.made(f"/v1/authorizations/{self.hold}/void")
        yield

    def state(self) -> dict[str, Any]:
        payment = Payment.objects.get(pk=self.payment.pk)
        lines = Entry.objects.filter(
            transfer__reference__in=[
                *(f"capture:{one.pk}" for one in Capture.objects.filter(payment=payment)),
                *(f"refund:{one.pk}" for one in Refund.objects.filter(payment=payment)),
            ]
        ).values_list("transfer__code", "amount_minor")
        return {
            "payment": payment.status,
            "attempt": Attempt.objects.get(payment=payment).status,
            "amounts": (
                payment.authorized_minor,
                payment.captured_minor,
                payment.capture_voided_minor,
                payment.refunded_minor,
            ),
            "captures": sorted(
                Capture.objects.filter(payment=payment).values_list("amount_minor", "status")
            ),
            "books": sorted(lines),
        }


def in_order(provider: Sandbox) -> dict[str, Any]:
    story = Story(provider)
    known = 0
    for _ in story.acts():
        events = story.events()
        for event in events[known:]:
            story.tell(event)
        known = len(events)
    return story.state()


def test_in_order_everything_that_the_provider_did_by_itself_is_followed(
    provider: Sandbox,
) -> None:
    assert in_order(provider) == {
        "payment": "partially_refunded",
        "attempt": "voided",
        "amounts": (2_000, 2_000, 3_000, 700),
        "captures": [(2_000, "succeeded"), (3_000, "voided")],
        "books": in_order(provider)["books"],
    }
    assert list(payments_off()) == []


@pytest.mark.parametrize("seed", range(12))
def test_any_order_and_any_number_of_repeats_end_in_the_same_state(
    provider: Sandbox, seed: int
) -> None:
    expected = in_order(provider)
    dice = random.Random(seed)
    story = Story(provider)
    for _ in story.acts():
        late = story.events()
        dice.shuffle(late)
        for event in late[: dice.randint(0, 2)]:
            story.tell(event, again=dice.random() < 0.5)
    rest = story.events() * 2
    dice.shuffle(rest)
    for event in rest:
        story.tell(event, again=dice.random() < 0.3)
    assert story.state() == expected
    assert list(payments_off()) == []


def test_an_unknown_type_waits_until_it_is_mapped_and_then_ends_as_the_others(
    provider: Sandbox,
) -> None:
    story = Story(provider)
    provider.control(f"authorizations/{story.hold}/resolve", {"outcome": "approved"})
    event = {**story.events()[-1], "type": "authorization.levitated"}
    for _ in range(3):
        story.tell(event, again=True)
    assert story.state()["attempt"] == "requires_action"
    aside = InboundEvent.objects.filter(status="quarantined")
    assert aside.count() == 3
    map_word(
        connector="sandbox",
        sort="type",
        object_kind="",
        raw="authorization.levitated",
        meaning="authorization.authorized",
    )
    assert (
        replay_events(connector="sandbox", type="authorization.levitated", note="unknown type") == 3
    )
    deliver()
    assert story.state()["attempt"] == "authorized"
    assert aside.count() == 0


def test_an_unknown_status_waits_until_it_is_mapped_and_keeps_its_own_word(
    provider: Sandbox,
) -> None:
    story = Story(provider)
    provider.control(f"authorizations/{story.hold}/resolve", {"outcome": "approved"})
    provider.control("faults", {"operation": "retrieve", "fault": "unknown_status", "times": 1_000})
    story.tell(story.events()[-1])
    event = InboundEvent.objects.get(status="quarantined")
    assert (event.unknown_kind, event.unknown_status) == ("authorization", "levitating")
    map_word(
        connector="sandbox",
        sort="status",
        object_kind="authorization",
        raw="levitating",
        meaning="authorized",
    )
    replay_events(connector="sandbox", type=event.type, note=event.note)
    deliver()
    attempt = Attempt.objects.get(payment=story.payment)
    assert (attempt.status, attempt.raw_status) == ("authorized", "levitating")


def test_an_event_about_what_is_not_ours_is_put_aside_after_an_hour(provider: Sandbox) -> None:
    story = Story(provider)
    stranger = provider.authorize(1_234)
    event = {
        "id": "evt_stranger",
        "type": "authorization.authorized",
        "created": "2026-11-03T12:00:00+00:00",
        "data": {"object": "authorization", "id": stranger["id"]},
    }
    story.tell(event)
    row = InboundEvent.objects.get(event_id="evt_stranger")
    assert row.status == "received"
    with clock.at(clock.now() + timedelta(hours=2)):
        deliver()
    row.refresh_from_db()
    assert (row.status, row.note) == ("quarantined", "about an object that is not ours")

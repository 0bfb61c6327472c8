"""A payment whose authorization turns up after it had failed, and what becomes of it meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Sum

from audit import clock
from payments.commands.captures import capture_payment
from payments.commands.corrections import correct_payment
from payments.commands.payments import retry_payment
from payments.commands.voids import void_payment
from payments.gateways.commands import receive_event
from payments.gateways.models import InboundEvent
from payments.ledger.chart import AccountCode
from payments.ledger.models import Entry
from payments.models import Attempt, Correction, LateAuthorization, Payment
from payments.policy import seen_of
from payments.tasks.late import release_key, return_key
from payments.tasks.resolve import resolve_unknown
from tests.payments.builders import (
    APPROVED,
    eur,
    make_card,
    make_customer,
    make_merchant,
    new_key,
    new_payment,
)
from tests.payments.gateways.sandbox.running import Sandbox, wait_until
from tests.working import deliver

NUMBERS = itertools.count(1)
AMOUNT = 10_000
REASON = "shop_wants_it"
"""Why a person decides as he does."""


def owed_by(provider: Sandbox) -> int:
    """What the provider owes us by its own totals."""
    found = {
        kind: one["amount"]
        for kind, one in provider.get("/v1/totals")["totals"].get("EUR", {}).items()
    }
    if not found:
        return 0
    return int(found["captured"] - found["capture_voided"] - found["refunded"])


def books_of(code: AccountCode) -> int:
    found = Entry.objects.filter(account__code=code).aggregate(minor=Sum("amount_minor"))
    return int(found["minor"] or 0)


def events_of(provider: Sandbox, reference: str) -> list[dict[str, Any]]:
    """All that the provider has told of an authorization, in its order."""
    rows: list[dict[str, Any]] = provider.get("/v1/events", limit=1000)["data"]
    return [one for one in rows if reference in str(one)]


def tell_all(provider: Sandbox, reference: str, told: int = 0) -> int:
    """What is new behind the first `told`, until nothing is; how many were told in all."""
    while (events := events_of(provider, reference))[told:]:
        for event in events[told:]:
            assert tell(event).status == "processed"
        told = len(events)
    return told


def tell(event: dict[str, Any]) -> InboundEvent:
    """The provider tells it, late: whoever's call it was has long been recorded."""
    data = event["data"]
    with clock.at(clock.now() - timedelta(minutes=1)):
        event_id = receive_event(
            connector="sandbox",
            event_id=f"{event['id']}-{next(NUMBERS)}",
            type=event["type"],
            object_kind=data["object"],
            object_reference=data["id"],
            authorization_reference=data.get("authorization", data["id"]),
            body="{}",
            occurred_at=datetime.fromisoformat(event["created"]),
        )
    deliver()
    return InboundEvent.objects.get(pk=event_id)


class Scene:
    """A payment whose authorization was lost on its way, asked about in vain and so failed; then it
    arrives at the provider all the same, with the key it had."""

    def __init__(self, provider: Sandbox, token: str = APPROVED) -> None:
        self.provider = provider
        self.merchant = make_merchant()
        self.customer = make_customer(self.merchant)
        self.card = make_card(self.merchant, self.customer, token)
        provider.control(
            "faults", {"operation": "authorize", "fault": "timeout_before", "seconds": 0}
        )
        self.payment = new_payment(merchant=self.merchant, customer=self.customer, card=self.card)
        deliver()
        self.attempt = Attempt.objects.get(payment=self.payment)
        assert self.attempt.status == "unknown"
        with clock.at(clock.now() + timedelta(minutes=6)):
            resolve_unknown()
        self.attempt.refresh_from_db()
        assert (self.attempt.status, self.attempt.raw_decline_code) == ("failed", "never_arrived")
        self.told = 0

    def arrive(self, capture: str = "manual") -> None:
        """The call arrives at last."""
        self.reference: str = self.provider.made(
            "/v1/authorizations",
            {
                "amount": AMOUNT,
                "currency": "EUR",
                "card": self.card.token,
                "reference": self.payment.reference,
                "capture": capture,
            },
            key=str(self.attempt.pk),
        )["id"]

    def at_provider(self) -> dict[str, Any]:
        found: dict[str, Any] = self.provider.get(f"/v1/authorizations/{self.reference}")
        return found

    def events(self) -> list[dict[str, Any]]:
        return events_of(self.provider, self.reference)

    def tell_all(self) -> None:
        self.told = tell_all(self.provider, self.reference, self.told)

    def wait_for_calls(self) -> None:
        """Until the provider is at no call any more that we have given up."""
        for key in (release_key(self.late), return_key(self.late)):
            wait_until(partial(self._is_idle, key))

    def _is_idle(self, key: str) -> bool:
        return self.provider.client.get("/v1/operations", params={"key": key}).status_code != 409

    @property
    def late(self) -> LateAuthorization:
        return LateAuthorization.objects.get(attempt=self.attempt)

    def now(self) -> Payment:
        return Payment.objects.get(pk=self.payment.pk)


def taken_scene(provider: Sandbox, token: str = APPROVED) -> Scene:
    scene = Scene(provider, token)
    scene.arrive("automatic")
    scene.tell_all()
    assert scene.late.status == "taken"
    return scene


def refused_scene(provider: Sandbox) -> Scene:
    """What was taken was to go back, and the provider refuses it."""
    scene = Scene(provider)
    was_retried(scene)
    scene.arrive("automatic")
    provider.control("faults", {"operation": "refund", "fault": "refused"})
    scene.tell_all()
    late = scene.late
    assert (late.status, late.failure_code, late.ask_at) == ("taken", "not_now", None)
    return scene


def decide(scene: Scene, to_status: str, **given: Any) -> Correction:
    late = scene.late
    return correct_payment(
        **{
            "payment_id": scene.payment.pk,
            "kind": "late",
            "row_id": late.pk,
            "to_status": to_status,
            "reason": REASON,
            "evidence": "Said on the telephone.",
            "seen_status": seen_of(late),
            "key": new_key(),
            **given,
        }
    )


# What the payment has become meanwhile


def has_failed(_scene: Scene) -> None:
    """Nothing has happened since."""


def was_retried(scene: Scene) -> None:
    card = make_card(scene.merchant, scene.customer)
    retry_payment(payment_id=scene.payment.pk, card_id=card.pk, key=new_key())
    deliver()
    assert scene.now().status == "authorized"


def was_captured(scene: Scene) -> None:
    was_retried(scene)
    capture_payment(payment_id=scene.payment.pk, amount=eur(AMOUNT), key=new_key())
    deliver()
    assert scene.now().status == "captured"


def was_voided(scene: Scene) -> None:
    was_retried(scene)
    void_payment(payment_id=scene.payment.pk, key=new_key())
    deliver()
    assert scene.now().status == "voided"


def was_declined(scene: Scene) -> None:
    card = make_card(scene.merchant, scene.customer, "tok_declined_lost_card")
    retry_payment(payment_id=scene.payment.pk, card_id=card.pk, key=new_key())
    deliver()
    assert scene.now().status == "failed"


MEANWHILE: dict[str, Callable[[Scene], None]] = {
    "failed": has_failed,
    "retried and authorized": was_retried,
    "retried and captured": was_captured,
    "retried and voided": was_voided,
    "retried and declined": was_declined,
}

"""What turns up at a provider for an attempt that had failed, and what becomes of it by itself."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit import clock, guard
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.gateways.models import InboundEvent
from payments.ledger.chart import AccountCode
from payments.models import Attempt, Capture, LateAuthorization, Payment
from payments.queries.unsettled import list_open_to_inquiry
from payments.tasks.resolve import expire_authorizations, resolve_unknown, settle_all
from tests.payments.builders import (
    make_card,
    make_customer,
    make_merchant,
    new_payment,
)
from tests.payments.gateways.sandbox.running import Sandbox
from tests.payments.late.scene import (
    AMOUNT,
    MEANWHILE,
    Scene,
    books_of,
    tell,
    tell_all,
    was_retried,
)
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


# What arrives: the card, who captures, and how it ends when nobody may take it for the payment

ARRIVES: dict[str, tuple[str, str, str]] = {
    "authorized": ("tok_visa_approved", "manual", "voided"),
    "partially authorized": ("tok_partial_approval", "manual", "voided"),
    "captured": ("tok_visa_approved", "automatic", "given_back"),
    "partially authorized and captured": ("tok_partial_approval", "automatic", "given_back"),
    "declined": ("tok_declined_do_not_honor", "manual", ""),
}
ORDERS = ("in order", "backwards", "twice", "shuffled")


def told_in(order: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if order == "backwards":
        return events[::-1]
    if order == "twice":
        return [*events, *events]
    if order == "shuffled":
        return random.Random(len(events)).sample([*events, *events], 2 * len(events))
    return events


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("what", ARRIVES)
def test_what_turns_up_late_is_let_go_or_given_back_and_nothing_else_moves(
    provider: Sandbox, what: str, meanwhile: str, order: str
) -> None:
    token, capture, end = ARRIVES[what]
    scene = Scene(provider, token)
    MEANWHILE[meanwhile](scene)
    before = Payment.objects.filter(pk=scene.payment.pk).values().get()
    scene.arrive(capture)
    for event in told_in(order, scene.events()):
        tell(event)
    may_wait = end == "given_back" and meanwhile == "failed"
    if may_wait:
        assert scene.late.status == "taken"
        assert books_of(AccountCode.SUSPENSE) == -scene.late.taken_minor < 0
        with clock.at(clock.now() + timedelta(hours=25)):
            resolve_unknown()
            deliver()
    scene.tell_all()
    for event in told_in(order, scene.events()):
        tell(event)
    if not end:
        assert not LateAuthorization.objects.exists()
    else:
        late = scene.late
        assert (late.status, late.held_minor, late.taken_minor) == (end, 0, 0)
        assert (late.release_tries, late.return_tries) == ((1, 0) if end == "voided" else (0, 1))
    found = scene.at_provider()
    assert found["capturable_amount"] == 0
    assert found["refundable_amount"] == 0
    assert books_of(AccountCode.SUSPENSE) == 0
    assert Payment.objects.filter(pk=scene.payment.pk).values().get() == before
    assert not InboundEvent.objects.filter(status="quarantined").exists()


def test_part_that_was_taken_goes_back_and_the_rest_is_let_go(provider: Sandbox) -> None:
    scene = Scene(provider)
    was_retried(scene)
    scene.arrive()
    provider.made(f"/v1/authorizations/{scene.reference}/captures", {"amount": 4_000})
    scene.tell_all()
    late = scene.late
    assert (late.status, late.release_tries, late.return_tries) == ("given_back", 1, 1)
    found = scene.at_provider()
    assert (found["voided_amount"], found["refunded_amount"]) == (6_000, 4_000)


def test_capture_that_somebody_took_back_at_the_provider_needs_nothing_of_us(
    provider: Sandbox,
) -> None:
    scene = Scene(provider)
    scene.arrive("automatic")
    scene.tell_all()
    assert scene.late.status == "taken"
    capture = scene.at_provider()["latest_capture"]
    provider.made(f"/v1/captures/{capture}/void")
    scene.tell_all()
    assert (scene.late.status, scene.late.return_tries) == ("given_back", 0)


def test_money_that_went_back_and_came_back_waits_for_a_person(provider: Sandbox) -> None:
    scene = Scene(provider, "tok_refund_fails_later")
    was_retried(scene)
    scene.arrive("automatic")
    scene.tell_all()
    assert scene.late.status == "given_back"
    provider.control("clock", {"seconds": 6 * 86_400})
    scene.tell_all()
    late = scene.late
    assert (late.status, late.taken_minor, late.ask_at) == ("taken", AMOUNT, None)
    assert books_of(AccountCode.SUSPENSE) == -AMOUNT
    with clock.at(clock.now() + timedelta(days=30)):
        resolve_unknown()
        deliver()
    assert scene.late.status == "taken"


def test_release_that_the_provider_refuses_waits_for_a_person(
    provider: Sandbox,
) -> None:
    scene = Scene(provider)
    scene.arrive()
    provider.control("faults", {"operation": "void", "fault": "refused"})
    tell(scene.events()[0])
    late = scene.late
    assert (late.status, late.failure_code, late.ask_at) == ("held", "not_now", None)
    provider.made(f"/v1/authorizations/{scene.reference}/void")
    settle_all(list_open_to_inquiry(scene.payment.pk))
    assert scene.late.status == "voided"


def test_event_that_comes_while_the_outcome_is_unknown_settles_it(provider: Sandbox) -> None:
    provider.control("faults", {"operation": "authorize", "fault": "500_after"})
    payment = new_payment()
    deliver()
    attempt = Attempt.objects.get(payment=payment)
    assert attempt.status == "unknown"
    told = [
        one
        for one in provider.get("/v1/events", limit=1000)["data"]
        if one["data"].get("key") == str(attempt.pk)
    ]
    assert tell(told[0]).status == "processed"
    attempt.refresh_from_db()
    assert (attempt.status, attempt.provider_reference) == ("authorized", told[0]["data"]["id"])
    assert not LateAuthorization.objects.exists()


@pytest.mark.parametrize("after", [timedelta(hours=2), timedelta(days=2)])
def test_what_no_event_tells_of_is_found_by_asking_again(
    provider: Sandbox, after: timedelta
) -> None:
    scene = Scene(provider)
    with clock.at(clock.now() + timedelta(minutes=50)):
        deliver()
    if after > timedelta(days=1):
        with clock.at(clock.now() + timedelta(hours=2)):
            deliver()
    scene.arrive()
    assert not LateAuthorization.objects.exists()
    with clock.at(clock.now() + after):
        deliver()
    assert scene.late.status == "voided"
    assert Message.objects.exclude(status="done").count() == (0 if after.days else 1)


def test_attempt_has_one_late_authorization_at_most(provider: Sandbox) -> None:
    scene = Scene(provider)
    scene.arrive()
    scene.tell_all()
    late = scene.late
    late.pk, late.key = None, "another"
    with pytest.raises(IntegrityError), transaction.atomic(), guard.suspended():
        late.save(force_insert=True)


def test_each_step_is_on_record_with_its_change(provider: Sandbox) -> None:
    scene = Scene(provider)
    was_retried(scene)
    scene.arrive("automatic")
    scene.tell_all()
    told = LogEntry.objects.filter(object_pk=str(scene.late.pk)).order_by("timestamp", "pk")
    events = [entry.event for entry in told if "status" in str(entry.changes)]
    assert events == [
        "payments.late.found",
        "payments.late.return_requested",
        "payments.late.returned",
    ]


@pytest.mark.usefixtures("provider")
def test_expired_challenge_that_is_passed_later_is_let_go(provider: Sandbox) -> None:
    merchant = make_merchant()
    customer = make_customer(merchant)
    card = make_card(merchant, customer, "tok_3ds_challenge_passed")
    payment = new_payment(merchant=merchant, customer=customer, card=card)
    deliver()
    attempt = Attempt.objects.get(payment=payment)
    with clock.at(clock.now() + timedelta(days=40)):
        expire_authorizations()
    attempt.refresh_from_db()
    assert attempt.status == "expired"
    provider.control(
        f"authorizations/{attempt.provider_reference}/resolve", {"outcome": "approved"}
    )
    tell_all(provider, attempt.provider_reference)
    assert LateAuthorization.objects.get(attempt=attempt).status == "voided"
    assert not Capture.objects.exists()

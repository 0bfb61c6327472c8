"""What workers do, with the real provider: answers, silence, events, and asking again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from audit import clock
from audit.actor import Actor
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.commands.captures import capture_payment
from payments.commands.payments import create_payment
from payments.commands.refunds import refund_payment
from payments.commands.voids import void_payment
from payments.gateways.commands import receive_event
from payments.gateways.models import InboundEvent
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Payment, Refund
from payments.proofs import payments_off
from payments.tasks.resolve import expire_authorizations, resolve_unknown
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
    settings.PROVIDER_TIMEOUT_S = 2.0
    yield running
    running.client.delete("/control/faults")


def pay(amount: Money | None = None, *, method: str = "automatic", token: str = "") -> Payment:
    merchant = make_merchant()
    customer = make_customer(merchant)
    make_reason()
    return create_payment(
        merchant_id=merchant.pk,
        customer_id=customer.pk,
        card_id=make_card(merchant, customer, token or "tok_visa_approved").pk,
        amount=amount or eur(10_000),
        capture_method=method,
        key=new_key(),
    )


def paid(**given: Any) -> Payment:
    payment = pay(**given)
    deliver()
    return now_of(payment)


def now_of(payment: Payment) -> Payment:
    return Payment.objects.get(pk=payment.pk)


def row_of(operation: str) -> Attempt | Capture | Refund:
    """The row that the provider was asked about."""
    if operation == "capture":
        return Capture.objects.get()
    return Refund.objects.get() if operation == "refund" else Attempt.objects.get()


def break_next(provider: Sandbox, operation: str, fault: str) -> None:
    provider.control("faults", {"operation": operation, "fault": fault})


def at_provider(provider: Sandbox, attempt: Attempt) -> dict[str, Any]:
    found: dict[str, Any] = provider.client.get(
        f"/v1/authorizations/{attempt.provider_reference}"
    ).json()
    return found


def test_a_payment_is_authorized_and_captured_through_the_outbox(provider: Sandbox) -> None:
    payment = paid()
    attempt = Attempt.objects.get()
    assert (payment.status, attempt.network) == ("captured", "visa")
    assert at_provider(provider, attempt)["captured_amount"] == 10_000
    assert {m.status for m in Message.objects.all()} == {"done"}
    assert list(payments_off()) == []


@pytest.mark.parametrize("code", ["insufficient_funds", "expired_card", "lost_card"])
def test_a_decline_keeps_our_code_and_the_provider_s(provider: Sandbox, code: str) -> None:
    payment = paid(token=f"tok_declined_{code}")
    attempt = Attempt.objects.get()
    assert (payment.status, attempt.status, attempt.decline_code) == ("failed", "declined", code)
    assert attempt.raw_decline_code


@pytest.mark.parametrize("fault", ["timeout_after", "500_after", "truncated_json"])
@pytest.mark.parametrize("operation", ["authorize", "capture", "refund", "void"])
def test_silence_is_unknown_and_settled_by_asking_what_the_key_did(
    provider: Sandbox, operation: str, fault: str
) -> None:
    payment = pay(method="manual")
    if operation == "authorize":
        break_next(provider, operation, fault)
    deliver()
    if operation == "void":
        break_next(provider, operation, fault)
        void_payment(payment_id=payment.pk, key=new_key())
    elif operation != "authorize":
        if operation == "capture":
            break_next(provider, operation, fault)
        capture_payment(payment_id=payment.pk, amount=eur(10_000), key=new_key())
    deliver()
    if operation == "refund":
        break_next(provider, operation, fault)
        refund_payment(
            payment_id=payment.pk, amount=eur(700), reason="requested_by_customer", key=new_key()
        )
        deliver()
    assert row_of(operation).status in ("unknown", "void_unknown")
    ask_at = row_of(operation).ask_at
    assert ask_at is not None
    resolve_unknown()
    assert row_of(operation).ask_at == ask_at, "it is not time to ask yet"
    with clock.at(clock.now() + timedelta(minutes=6)):
        resolve_unknown()
    settled = {"authorize": "authorized", "capture": "captured", "void": "voided"}
    assert now_of(payment).status == settled.get(operation, "partially_refunded")
    assert row_of(operation).ask_at is None
    assert list(payments_off()) == []
    view = at_provider(provider, Attempt.objects.get())
    assert view["captured_amount"] == now_of(payment).captured_minor
    assert view["refunded_amount"] == now_of(payment).refunded_minor


@pytest.mark.parametrize("fault", ["timeout_before", "500_before", "no_connection"])
def test_a_refund_that_never_arrived_is_sent_again_with_its_key(
    provider: Sandbox, fault: str
) -> None:
    payment = paid()
    break_next(provider, "refund", fault)
    refund_payment(
        payment_id=payment.pk, amount=eur(700), reason="requested_by_customer", key=new_key()
    )
    deliver()
    assert Refund.objects.get().status == "unknown"
    with clock.at(clock.now() + timedelta(minutes=6)):
        resolve_unknown()
    assert Refund.objects.get().status == "succeeded"
    assert at_provider(provider, Attempt.objects.get())["refunded_amount"] == 700


def test_an_authorization_that_never_arrived_has_failed(provider: Sandbox) -> None:
    break_next(provider, "authorize", "timeout_before")
    payment = paid()
    assert payment.status == "unknown"
    with clock.at(clock.now() + timedelta(minutes=6)):
        resolve_unknown()
    assert now_of(payment).status == "failed"


def test_a_provider_that_is_not_there_is_waited_for(provider: Sandbox, settings: Settings) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    payment = paid()
    assert payment.status == "processing"
    message = Message.objects.get()
    assert (message.status, message.error) == ("waiting", "provider unavailable")
    settings.SANDBOX_URL = provider.url
    with clock.at(clock.now() + timedelta(minutes=1)):
        deliver()
    assert now_of(payment).status == "captured"


def test_a_refund_that_fails_days_later_is_told_by_an_event(provider: Sandbox) -> None:
    payment = paid(token="tok_refund_fails_later")
    refund_payment(
        payment_id=payment.pk, amount=eur(700), reason="requested_by_customer", key=new_key()
    )
    deliver()
    refund = Refund.objects.filter(payment=payment)[0]
    assert refund.status == "succeeded"
    provider.control("clock", {"seconds": 6 * 24 * 3600})
    for number in range(3):
        tell(f"evt_{payment.reference}_{number}", "refund.failed", "refund", row_of("refund"))
    refund.refresh_from_db()
    assert refund.status == "returned"
    assert now_of(payment).status == "captured"
    assert LogEntry.objects.filter(event="payments.refund.returned").count() == 2
    assert list(payments_off()) == []


def tell(event_id: str, type_: str, kind: str, row: Refund | Capture | Attempt) -> InboundEvent:
    receive_event(
        connector="sandbox",
        event_id=event_id,
        type=type_,
        object_kind=kind,
        object_reference=row.provider_reference,
        authorization_reference="",
        body="{}",
        occurred_at=clock.now(),
    )
    deliver()
    return InboundEvent.objects.get(event_id=event_id)


def test_events_in_any_order_and_number_end_in_the_same_state(
    provider: Sandbox, somebody: Actor
) -> None:
    payment = paid()
    attempt, capture = Attempt.objects.get(), Capture.objects.get()
    before = LogEntry.objects.filter(object_repr=payment.reference).count()
    told: list[tuple[str, Capture | Attempt]] = [
        ("capture.succeeded", capture),
        ("authorization.authorized", attempt),
        ("capture.succeeded", capture),
        ("authorization.authorized", attempt),
    ]
    for number, (type_, row) in enumerate(told):
        event = tell(f"evt_{payment.reference}_{number}", type_, type_.split(".")[0], row)
        assert event.status == "processed"
    assert now_of(payment).status == "captured"
    assert LogEntry.objects.filter(object_repr=payment.reference).count() == before


def test_an_event_that_comes_before_our_own_record_waits(provider: Sandbox) -> None:
    payment = paid(method="manual")
    stranger = Capture(provider_reference="cap_not_ours_yet")
    event = tell(f"evt_{payment.reference}", "capture.succeeded", "capture", stranger)
    assert event.status == "received"
    assert Message.objects.get(task="gateways.process_event").status == "waiting"


def test_what_is_held_past_its_time_is_let_go(provider: Sandbox) -> None:
    payment = paid(method="manual")
    expire_authorizations()
    assert now_of(payment).status == "authorized"
    with clock.at(clock.now() + timedelta(days=40)):
        expire_authorizations()
    assert now_of(payment).status == "expired"


def test_every_task_that_a_command_leaves_has_somebody_who_does_it() -> None:
    import re
    from pathlib import Path

    from audit.outbox.handlers import handlers

    asked: set[str] = set()
    for folder in ("audit", "config", "payments", "disputes"):
        for path in Path(folder).rglob("*.py"):
            asked |= set(re.findall(r"work\.later\(\s*\"([\w.]+)\"", path.read_text()))
    assert len(asked) >= 5
    assert asked <= set(handlers)


def test_every_ring_of_the_clock_is_a_task() -> None:
    from celery import current_app
    from django.conf import settings

    import config.celery  # noqa: F401

    current_app.loader.import_default_modules()
    assert {one["task"] for one in settings.BEAT_SCHEDULE.values()} <= set(current_app.tasks)

"""Every way in which the provider can fail, times everything it is asked for.

Each cell: the state of the row, the books, what an agent reads, and how it ends: the provider's
totals are the ledger's to the cent, and one key did one thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.test import override_settings
from pytest_django import Settings

from audit import clock
from payments.commands.capture_voids import void_capture
from payments.commands.captures import capture_payment
from payments.commands.increments import increment_authorization
from payments.commands.payments import create_payment
from payments.commands.refunds import refund_payment
from payments.commands.voids import void_payment
from payments.ledger.chart import TransferCode
from payments.ledger.models import Entry
from payments.models import Asking, Attempt, Capture, Increment, Payment, Refund
from payments.proofs import payments_off
from payments.queries.progress import CONFLICTED, UNKNOWN, WAITS
from payments.tasks import send
from payments.tasks.resolve import resolve_unknown
from tests.payments.builders import (
    eur,
    make_card,
    make_customer,
    make_merchant,
    make_reason,
    new_key,
)
from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox, wait_until
from tests.payments.pages import agent_browser, page_of, words_of
from tests.working import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

# Short only while the provider is told to be silent: a busy machine answers late, too.
PATIENCE_S = 0.3
SILENCE_S = 0.6

BEFORE = ("no_connection", "timeout_before", "500_before")
AFTER = ("timeout_after", "500_after", "truncated_json", "hang")
ODD = ("wrong_amount", "repeated_id")
SILENT = ("timeout_before", "timeout_after", "hang")
FAULTS = (*BEFORE, *AFTER, *ODD, "unknown_status", "429")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("trouble") / "store.sqlite3") as sandbox:
        # Totals of a currency begin with its first payment.
        sandbox.authorize(9_000)
        yield sandbox


@pytest.fixture
def provider(running: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    settings.SANDBOX_URL = running.url
    settings.PROVIDER_TIMEOUT_S = 10
    yield running
    running.client.delete("/control/faults")


@contextmanager
def later(**time: int) -> Iterator[None]:
    with clock.at(clock.now() + timedelta(**time)):
        yield


def pay() -> Payment:
    merchant = make_merchant()
    customer = make_customer(merchant)
    make_reason()
    return create_payment(
        merchant_id=merchant.pk,
        customer_id=customer.pk,
        card_id=make_card(merchant, customer).pk,
        amount=eur(10_000),
        capture_method=Payment.CaptureMethod.MANUAL,
        key=new_key(),
    )


def capture(payment: Payment) -> None:
    capture_payment(payment_id=payment.pk, amount=eur(6_000), key=new_key())


def refund(payment: Payment) -> None:
    refund_payment(
        payment_id=payment.pk, amount=eur(700), reason="requested_by_customer", key=new_key()
    )


@dataclass(frozen=True)
class Operation:
    """What is asked for, what must have happened before, and how the payment ends."""

    model: type[Any]
    before: tuple[Callable[[Payment], object], ...]
    act: Callable[[Payment], object]
    key: Callable[[Any], str]
    done: str
    ends: str
    moves: tuple[str, ...] = ()


OPERATIONS: dict[str, Operation] = {
    "authorize": Operation(
        Attempt, (), lambda _payment: None, lambda row: str(row.pk), "authorized", "authorized"
    ),
    "increment": Operation(
        Increment,
        (),
        lambda payment: increment_authorization(
            payment_id=payment.pk, amount=eur(500), key=new_key()
        ),
        lambda row: str(row.pk),
        "succeeded",
        "authorized",
    ),
    "capture": Operation(
        Capture,
        (),
        capture,
        lambda row: str(row.pk),
        "succeeded",
        "partially_captured",
        ("captured",),
    ),
    "void": Operation(
        Attempt,
        (),
        lambda payment: void_payment(payment_id=payment.pk, key=new_key()),
        send.void_operation_key,
        "voided",
        "voided",
    ),
    "void_capture": Operation(
        Capture,
        (capture,),
        lambda payment: void_capture(
            capture_id=Capture.objects.get(payment=payment).pk, key=new_key()
        ),
        send.capture_void_key,
        "voided",
        "authorized",
        ("captured", "capture_voided"),
    ),
    "refund": Operation(
        Refund,
        (capture,),
        refund,
        lambda row: str(row.pk),
        "succeeded",
        "partially_refunded",
        ("captured", "refunded"),
    ),
}


def state_after(name: str, fault: str) -> str:
    voids = name.startswith("void")
    if fault == "429":
        return "voiding" if voids else "pending"
    if fault in ODD and not voids:
        return "conflicted"
    # A void has no row of its own, and so no reference that another row could have.
    if fault == "repeated_id" and voids:
        return "voided"
    return "void_unknown" if voids else "unknown"


def words_for(model: type[Asking], status: str) -> str:
    place = (model, status)
    return str(WAITS.get(place) or UNKNOWN.get(place) or CONFLICTED.get(place) or "")


def totals_of(provider: Sandbox) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = provider.get("/v1/totals")["totals"]["EUR"]
    return found


def booked(code: TransferCode) -> int:
    rows = Entry.objects.filter(transfer__code=code, amount_minor__gt=0)
    return int(rows.aggregate(minor=Sum("amount_minor"))["minor"] or 0)


def ledger() -> dict[str, int]:
    return {
        "captured": booked(TransferCode.CAPTURE),
        "capture_voided": booked(TransferCode.CAPTURE_VOIDED),
        "refunded": booked(TransferCode.REFUND_SENT) - booked(TransferCode.REFUND_RETURNED),
    }


def moved_at(provider: Sandbox, before: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    now = totals_of(provider)
    return {
        kind: {unit: now[kind][unit] - before[kind][unit] for unit in ("count", "amount")}
        for kind in now
    }


def settle_everything(provider: Sandbox, row: Any, operation: Operation) -> None:
    """Retries of the outbox, then the resolver on its schedule."""
    with later(seconds=10):
        deliver()
    # A call that hangs is under way until it is done; the provider says so.
    wait_until(
        lambda: (
            provider.client.get("/v1/operations", params={"key": operation.key(row)}).status_code
            != 409
        )
    )
    with later(minutes=6):
        resolve_unknown()
    with later(hours=2):
        resolve_unknown()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_fault_is_told_as_it_is_and_ends_as_if_it_had_not_been(
    provider: Sandbox, name: str, fault: str
) -> None:
    operation = OPERATIONS[name]
    if fault == "repeated_id":
        do_one_of_each()
    base, before = ledger(), totals_of(provider)
    payment = pay()
    if name != "authorize":
        deliver()
    for act in operation.before:
        act(payment)
        deliver()
    was = ledger()
    operation.act(payment)
    deliver_into(provider, name, fault)
    row = operation.model.objects.get(payment=payment)
    expected = state_after(name, fault)
    assert row.status == expected
    if expected != operation.done:
        assert ledger() == was, "nothing is booked that nobody has confirmed"
        assert list(payments_off()) == []
        read = words_of(agent_browser().get(page_of(payment)))
        assert words_for(operation.model, expected) in read
    settle_everything(provider, row, operation)
    row.refresh_from_db()
    never_came = name == "authorize" and fault in BEFORE
    assert row.status == ("failed" if never_came else operation.done)
    assert (row.ask_at, row.answered) == (None, None)
    payment.refresh_from_db()
    assert payment.status == ("failed" if never_came else operation.ends)
    assert list(payments_off()) == []
    moved = moved_at(provider, before)
    booked_since = {kind: amount - base[kind] for kind, amount in ledger().items()}
    assert {kind: moved[kind]["amount"] for kind in booked_since} == booked_since
    for kind in operation.moves:
        assert moved[kind]["count"] == 1, "one key did one thing"
    assert moved["authorized"]["count"] == (0 if never_came else 1)


def do_one_of_each() -> None:
    """So that we know the id that is going to be repeated."""
    payment = pay()
    deliver()
    for name in ("increment", "capture", "refund"):
        OPERATIONS[name].act(payment)
        deliver()


def deliver_into(provider: Sandbox, operation: str, fault: str) -> None:
    body: dict[str, object] = {"operation": operation, "fault": fault}
    if fault not in SILENT:
        provider.control("faults", body)
        deliver()
        return
    provider.control("faults", {**body, "seconds": SILENCE_S})
    with override_settings(PROVIDER_TIMEOUT_S=PATIENCE_S):
        deliver()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_provider_that_never_makes_sense_is_asked_on_the_schedule_and_then_a_person_must(
    provider: Sandbox, name: str
) -> None:
    operation = OPERATIONS[name]
    payment = pay()
    if name != "authorize":
        deliver()
        for act in operation.before:
            act(payment)
            deliver()
        operation.act(payment)
    provider.control("faults", {"operation": "any", "fault": "unknown_status", "times": 100})
    deliver()
    for wait in (
        timedelta(minutes=6),
        timedelta(hours=2),
        *[timedelta(days=n) for n in range(2, 9)],
    ):
        with clock.at(clock.now() + wait):
            resolve_unknown()
    row = operation.model.objects.get(payment=payment)
    assert (row.ask_at, row.asked_times) == (None, 7)
    words = words_of(agent_browser().get(page_of(payment)))
    assert "a person has to ask the provider" in words

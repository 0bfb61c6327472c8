"""Real processes at one refund: it is one, or none, and the provider agrees."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from audit import clock
from audit.actor import Actor
from audit.models import LogEntry
from audit.outbox.delivery import deliver_due
from audit.outbox.models import Message
from payments.commands.payments import create_payment
from payments.commands.refunds import refund_payment
from payments.ledger.models import Transfer
from payments.models import Payment, Refund
from payments.proofs import payments_off
from tests.payments.builders import (
    captured_payment,
    eur,
    make_card,
    make_customer,
    make_merchant,
    make_reason,
    new_key,
)
from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox
from tests.processes import answer_of, fork, kill_at_commit

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.usefixtures("somebody"),
]


def refund(payment: Payment, key: str) -> str:
    made = refund_payment(
        payment_id=payment.pk,
        amount=eur(1234),
        reason="requested_by_customer",
        key=key,
    )
    return str(made.pk)


def test_the_same_key_from_eight_processes_is_one_refund() -> None:
    payment = captured_payment(eur(10_000))
    make_reason()
    key = new_key()
    answers = [answer_of(child) for child in [fork(lambda: refund(payment, key)) for _ in range(8)]]
    assert [code for code, _ in answers] == [0] * 8
    assert len({said for _, said in answers}) == 1
    assert Refund.objects.count() == 1
    assert Transfer.objects.filter(code="refund_requested").count() == 1
    requested = LogEntry.objects.filter(event="payments.refund.requested", outcome="done")
    assert requested.filter(object_repr__startswith="R-").count() == 1
    assert Message.objects.filter(task="payments.send_refund").count() == 1


def test_eight_processes_with_their_own_keys_never_refund_more_than_was_captured() -> None:
    payment = captured_payment(eur(5_000))
    make_reason()

    def run() -> str:
        from audit.errors import Refusal

        try:
            return refund(payment, uuid.uuid4().hex)
        except Refusal as refusal:
            return refusal.code

    answers = [answer_of(child) for child in [fork(run) for _ in range(8)]]
    said = [one for _, one in answers]
    assert said.count("refund_refused") == 4
    payment.refresh_from_db()
    assert (payment.refund_pending_minor, payment.refundable.minor) == (4 * 1234, 64)
    assert list(payments_off()) == []


@pytest.fixture
def provider(tmp_path: Path, settings: Settings) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path / "store.sqlite3") as sandbox:
        settings.SANDBOX_URL = sandbox.url
        yield sandbox


@pytest.fixture
def payment(provider: Sandbox, somebody: Actor) -> Payment:
    """Captured for real, at the provider and here."""
    merchant = make_merchant()
    customer = make_customer(merchant)
    make_reason()
    made = create_payment(
        merchant_id=merchant.pk,
        customer_id=customer.pk,
        card_id=make_card(merchant, customer).pk,
        amount=eur(10_000),
        key=new_key(),
    )
    deliver_all()
    made.refresh_from_db()
    assert made.status == "captured"
    return made


def deliver_all() -> None:
    """As a worker would that comes when every lease of the dead has run out."""
    with clock.at(clock.now() + timedelta(minutes=3)):
        while deliver_due():
            pass


def refunded_at(provider: Sandbox) -> tuple[int, int]:
    total = provider.client.get("/v1/totals").json()["totals"]["EUR"]["refunded"]
    return total["count"], total["amount"]


def assert_one_refund(provider: Sandbox, payment: Payment) -> None:
    payment.refresh_from_db()
    assert Refund.objects.get().status == "succeeded"
    assert (payment.status, payment.refunded_minor) == ("partially_refunded", 1234)
    assert refunded_at(provider) == (1, 1234)
    codes = list(Transfer.objects.filter(code__startswith="refund").values_list("code", flat=True))
    assert sorted(codes) == ["refund_requested", "refund_sent"]
    assert list(payments_off()) == []


@pytest.mark.parametrize("when", ["before", "inside", "after"])
def test_killed_while_asking_it_is_one_refund_or_none_and_a_repeat_makes_it_one(
    provider: Sandbox, payment: Payment, when: str
) -> None:
    key = new_key()

    def run() -> Any:
        kill_at_commit(1, when)
        return refund(payment, key)

    code, _said = answer_of(fork(run))
    assert code == -9
    made = Refund.objects.count()
    assert made <= 1
    if when != "inside":
        assert made == (0 if when == "before" else 1)
    assert Transfer.objects.filter(code="refund_requested").count() == made
    assert Message.objects.filter(task="payments.send_refund").count() == made
    assert refunded_at(provider) == (0, 0)
    refund(payment, key)
    deliver_all()
    assert_one_refund(provider, payment)


@pytest.mark.parametrize("when", ["before", "inside", "after"])
@pytest.mark.parametrize("number", [1, 2, 3], ids=["lease", "record", "settle"])
def test_a_worker_killed_while_sending_leaves_it_to_the_next(
    provider: Sandbox, payment: Payment, number: int, when: str
) -> None:
    refund(payment, new_key())

    def run() -> Any:
        kill_at_commit(number, when)
        return deliver_due()

    code, _said = answer_of(fork(run))
    assert code == -9
    assert refunded_at(provider)[0] <= 1
    deliver_all()
    assert_one_refund(provider, payment)

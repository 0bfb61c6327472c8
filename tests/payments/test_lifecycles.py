"""Whole lives of payments: any legal commands and any answers, and the amounts always add up."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum

from audit import clock
from audit.errors import Refusal
from payments.commands.capture_voids import (
    record_capture_void_lost,
    record_capture_void_result,
    void_capture,
)
from payments.commands.captures import (
    capture_payment,
    record_capture_lost,
    record_capture_result,
)
from payments.commands.increments import (
    increment_authorization,
    record_increment_lost,
    record_increment_result,
)
from payments.commands.payments import expire_authorization
from payments.commands.refunds import record_refund_lost, record_refund_result, refund_payment
from payments.commands.voids import record_void_lost, record_void_result, void_payment
from payments.ledger.chart import TransferCode
from payments.ledger.models import Entry
from payments.ledger.money import Money
from payments.ledger.proofs import prove_modes, prove_transfers_are_zero, prove_trial_balance
from payments.models import Attempt, Capture, Increment, Payment, Refund
from payments.proofs import payments_off
from tests.payments.builders import (
    authorized_payment,
    eur,
    make_card,
    make_customer,
    make_merchant,
    make_reason,
    new_key,
    operation_answer,
    void_answer,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
OPEN = ("pending", "unknown", "conflicted")
VOIDS = ("voiding", "void_unknown")


def _make_payment(amount: Money, *, is_live: bool) -> Payment:
    merchant = make_merchant(is_live=True)
    customer = make_customer(merchant, is_live=is_live)
    card = make_card(merchant, customer, is_live=is_live)
    return authorized_payment(
        amount, merchant=merchant, customer=customer, card=card, is_live=is_live
    )


class Life:
    """One payment, dice that choose what happens, and what the provider has really done."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.payment = _make_payment(eur(self.dice.randint(1, 5_000)), is_live=seed % 2 == 1)
        self.moved: Counter[str] = Counter()
        make_reason()

    def amount(self) -> Any:
        return eur(self.dice.choice((1, 7, 300, self.dice.randint(1, 3_000))))

    def step(self) -> None:
        act = self.dice.choice(
            (
                self.capture,
                self.capture,
                self.increment,
                self.refund,
                self.refund,
                self.void_a_capture,
                self.void,
                self.expire,
                *[self.answer] * 8,
                self.repeat,
            )
        )
        try:
            act()
        except Refusal as refusal:
            # What the policy refuses is refused; the machines never meet what they do not know.
            if refusal.code == "illegal_move":
                raise

    def capture(self) -> None:
        capture_payment(
            payment_id=self.payment.pk,
            amount=self.amount(),
            key=new_key(),
            is_final=self.dice.random() < 0.2,
        )

    def increment(self) -> None:
        increment_authorization(payment_id=self.payment.pk, amount=self.amount(), key=new_key())

    def refund(self) -> None:
        refund_payment(
            payment_id=self.payment.pk,
            amount=self.amount(),
            reason="requested_by_customer",
            key=new_key(),
        )

    def void_a_capture(self) -> None:
        if captures := list(Capture.objects.filter(payment=self.payment).order_by("pk")):
            void_capture(capture_id=self.dice.choice(captures).pk, key=new_key())

    def void(self) -> None:
        if self.dice.random() < 0.3:
            void_payment(payment_id=self.payment.pk, key=new_key())

    def expire(self) -> None:
        if self.dice.random() < 0.1:
            attempt = Attempt.objects.get(payment=self.payment)
            expire_authorization(attempt_id=attempt.pk, is_told=True)

    def answer(self) -> None:
        """Something that is open gets an answer: done, refused, silence, or one that does not
        fit. What is done stays done: the provider says it again when it is asked again."""
        rows: list[Any] = [
            *Increment.objects.filter(payment=self.payment, status__in=OPEN),
            *Capture.objects.filter(payment=self.payment, status__in=(*OPEN, *VOIDS)),
            *Refund.objects.filter(payment=self.payment, status__in=(*OPEN, "succeeded")),
            *Attempt.objects.filter(payment=self.payment, status__in=VOIDS),
        ]
        if rows:
            self.tell(self.dice.choice(sorted(rows, key=lambda one: str(one.pk))))

    def tell(self, row: Any) -> None:
        said = self.dice.choice(("succeeded", "succeeded", "succeeded", "failed", "lost", "odd"))
        if isinstance(row, Refund) and row.status == "succeeded":
            said = "failed" if self.dice.random() < 0.2 else "lost"
        if said == "lost":
            self.lose(row)
            return
        status = "failed" if said == "failed" else "succeeded"
        facts: dict[str, Any] = {}
        if said == "odd":
            facts["amount"] = eur(row.amount_minor + 1)
        if isinstance(row, Attempt):
            facts = {"amount": eur(row.void_minor + 1)} if said == "odd" else {}
            answer = void_answer(row, status, **facts)
            record_void_result(attempt_id=row.pk, answer=answer, key="x")
            return
        if isinstance(row, Capture) and row.status not in VOIDS:
            facts["settles_at"] = clock.now() + timedelta(days=1)
        self.record(row, operation_answer(row, status, **facts))

    def record(self, row: Any, answer: Any) -> None:
        if isinstance(row, Increment):
            record_increment_result(increment_id=row.pk, answer=answer, key="x")
        elif isinstance(row, Refund):
            record_refund_result(refund_id=row.pk, answer=answer, key="x")
        elif row.status in VOIDS:
            record_capture_void_result(capture_id=row.pk, answer=answer, key="x")
        else:
            record_capture_result(capture_id=row.pk, answer=answer, key="x")
        self.count(row, answer)

    def count(self, row: Any, answer: Any) -> None:
        """What the provider's own books say after an answer that fits."""
        if answer.amount.minor != row.amount_minor:
            return
        kind = type(row).__name__
        done = answer.status == "succeeded"
        if kind == "Refund" and not done and row.status == "succeeded":
            self.moved["refunded"] -= row.amount_minor
        elif kind == "Refund" and done and row.status != "succeeded":
            self.moved["refunded"] += row.amount_minor
        elif kind == "Capture" and done:
            which = "capture_voided" if row.status in VOIDS else "captured"
            self.moved[which] += row.amount_minor

    def lose(self, row: Any) -> None:
        if isinstance(row, Attempt):
            record_void_lost(attempt_id=row.pk)
        elif isinstance(row, Increment):
            record_increment_lost(increment_id=row.pk)
        elif isinstance(row, Refund):
            record_refund_lost(refund_id=row.pk)
        elif row.status in VOIDS:
            record_capture_void_lost(capture_id=row.pk)
        else:
            record_capture_lost(capture_id=row.pk)

    def repeat(self) -> None:
        """An old answer comes again: nothing may come of it."""
        captures = Capture.objects.filter(payment=self.payment, status__in=("succeeded", "voided"))
        for capture in captures:
            record_capture_result(capture_id=capture.pk, answer=operation_answer(capture), key="x")
        for refund in Refund.objects.filter(payment=self.payment, status="succeeded"):
            record_refund_result(refund_id=refund.pk, answer=operation_answer(refund), key="x")


def booked(code: TransferCode) -> int:
    rows = Entry.objects.filter(transfer__code=code, amount_minor__gt=0)
    return int(rows.aggregate(minor=Sum("amount_minor"))["minor"] or 0)


@pytest.mark.parametrize("seed", range(15))
def test_any_life_of_a_payment_adds_up(seed: int) -> None:
    life = Life(seed)
    for _ in range(50):
        life.step()
        assert list(payments_off()) == []
    payment = Payment.objects.get(pk=life.payment.pk)
    assert life.moved["captured"] == booked(TransferCode.CAPTURE)
    assert life.moved["capture_voided"] == booked(TransferCode.CAPTURE_VOIDED)
    refunded = booked(TransferCode.REFUND_SENT) - booked(TransferCode.REFUND_RETURNED)
    assert life.moved["refunded"] == refunded == payment.refunded_minor
    net = booked(TransferCode.CAPTURE) - booked(TransferCode.CAPTURE_VOIDED)
    assert payment.captured_minor == net
    fees = booked(TransferCode.CAPTURE_FEE) - booked(TransferCode.CAPTURE_FEE_VOIDED)
    assert fees >= 0
    assert [*prove_trial_balance(), *prove_transfers_are_zero(), *prove_modes()] == []
    modes = set(Entry.objects.values_list("account__is_live", flat=True))
    assert modes <= {payment.is_live}

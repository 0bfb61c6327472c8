"""What else may happen to what is held and taken: more, less, for the last time, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit import clock
from audit.errors import Refusal
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.commands.capture_voids import (
    record_capture_void_lost,
    record_capture_void_result,
    void_capture,
)
from payments.commands.captures import capture_payment, record_capture_result
from payments.commands.increments import (
    increment_authorization,
    record_increment_lost,
    record_increment_result,
)
from payments.commands.inquiries import request_inquiry
from payments.commands.payments import record_authorization_lost
from payments.commands.refunds import record_refund_lost
from payments.ledger.chart import TransferCode
from payments.ledger.models import Entry, Transfer
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Increment, Payment, Refund
from payments.proofs import payments_off
from tests.payments.builders import (
    answer_attempt,
    answer_refund,
    authorized_payment,
    captured_payment,
    eur,
    new_key,
    new_payment,
    operation_answer,
    requested_refund,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def now_of(payment: Payment) -> Payment:
    return Payment.objects.get(pk=payment.pk)


def attempt_of(payment: Payment) -> Attempt:
    return Attempt.objects.get(payment=payment)


def take(payment: Payment, minor: int, *, is_final: bool = False) -> Capture:
    """A capture that the provider has answered; it settles a day later."""
    capture = capture_payment(
        payment_id=payment.pk, amount=eur(minor), key=new_key(), is_final=is_final
    )
    answer = operation_answer(capture, settles_at=clock.now() + timedelta(days=1))
    record_capture_result(capture_id=capture.pk, answer=answer, key=str(capture.pk))
    return Capture.objects.get(pk=capture.pk)


def raise_by(payment: Payment, minor: int, status: str = "succeeded") -> Increment:
    increment = increment_authorization(payment_id=payment.pk, amount=eur(minor), key=new_key())
    answer = operation_answer(increment, status)
    record_increment_result(increment_id=increment.pk, answer=answer, key=str(increment.pk))
    return Increment.objects.get(pk=increment.pk)


def take_back(capture: Capture, status: str = "succeeded", **facts: object) -> Capture:
    key = new_key()
    void_capture(capture_id=capture.pk, key=key)
    answer = operation_answer(capture, status, **facts)
    record_capture_void_result(capture_id=capture.pk, answer=answer, key=key)
    return Capture.objects.get(pk=capture.pk)


def booked(code: TransferCode) -> list[int]:
    rows = Entry.objects.filter(transfer__code=code, amount_minor__gt=0)
    return list(rows.values_list("amount_minor", flat=True))


def events_of(payment: Payment, verb: str) -> int:
    rows = LogEntry.objects.filter(object_repr=payment.reference, event=f"payments.{verb}")
    return len(rows)


# Increments


def test_an_increment_raises_what_is_held_and_what_is_owed_and_stays_as_a_row() -> None:
    payment = authorized_payment(eur(1_000))
    for _ in range(2):
        raise_by(payment, 250)
    payment = now_of(payment)
    assert (payment.amount, payment.capturable) == (eur(1_500), eur(1_500))
    assert attempt_of(payment).approved == eur(1_500)
    assert attempt_of(payment).amount == eur(1_000), "what was asked first stays on record"
    history = Increment.objects.filter(payment=payment).values_list("amount_minor", "status")
    assert list(history) == [(250, "succeeded")] * 2
    assert Transfer.objects.count() == 0, "nothing moves before it is captured"
    assert list(payments_off()) == []


def test_the_same_key_is_one_increment_and_a_late_answer_changes_nothing() -> None:
    payment = authorized_payment(eur(1_000))
    key = new_key()
    first = increment_authorization(payment_id=payment.pk, amount=eur(100), key=key)
    again = increment_authorization(payment_id=payment.pk, amount=eur(100), key=key)
    assert again.pk == first.pk
    with pytest.raises(Refusal, match="key_reused"):
        increment_authorization(payment_id=payment.pk, amount=eur(101), key=key)
    assert Message.objects.filter(task="payments.send_increment").count() == 1
    for _ in range(3):
        record_increment_result(
            increment_id=first.pk, answer=operation_answer(first), key=str(first.pk)
        )
    record_increment_lost(increment_id=first.pk)
    assert now_of(payment).authorized_minor == 1_100
    assert events_of(payment, "increment.succeeded") == 1


def test_an_increment_that_is_refused_leaves_what_is_held() -> None:
    payment = authorized_payment(eur(1_000))
    increment = raise_by(payment, 250, "failed")
    payment = now_of(payment)
    assert increment.status == "failed"
    assert (payment.authorized_minor, payment.increment_pending_minor) == (1_000, 0)


def test_an_increment_is_for_what_is_open_only() -> None:
    captured = captured_payment(eur(1_000))
    with pytest.raises(Refusal, match="increment_refused"):
        increment_authorization(payment_id=captured.pk, amount=eur(1), key=new_key())
    payment = authorized_payment(eur(1_000))
    for amount in (eur(0), eur(-5), Money(5, "USD")):
        with pytest.raises(Refusal, match="increment_refused"):
            increment_authorization(payment_id=payment.pk, amount=amount, key=new_key())
    with pytest.raises(Refusal, match="stale"):
        increment_authorization(
            payment_id=payment.pk, amount=eur(1), key=new_key(), seen_authorized=999
        )
    assert Increment.objects.count() == 0


def test_what_a_bank_approves_in_part_is_the_limit_until_it_holds_more() -> None:
    payment = answer_attempt(new_payment(eur(1_000)), "partially_authorized", approved=eur(600))
    assert attempt_of(payment).is_partly_approved
    with pytest.raises(Refusal, match="capture_refused"):
        capture_payment(payment_id=payment.pk, amount=eur(601), key=new_key())
    raise_by(payment, 400)
    payment = now_of(payment)
    assert (payment.amount, payment.capturable) == (eur(1_000), eur(1_000))
    assert not attempt_of(payment).is_partly_approved


# Captures


def test_several_captures_are_rows_of_their_own_and_the_rest_stays_held() -> None:
    payment = authorized_payment(eur(1_000))
    take(payment, 300)
    take(payment, 200)
    payment = now_of(payment)
    assert (payment.status, payment.captured_minor) == ("partially_captured", 500)
    assert payment.capturable == eur(500)
    assert sorted(booked(TransferCode.CAPTURE)) == [200, 300]
    take(payment, 500)
    assert now_of(payment).status == "captured"
    assert list(payments_off()) == []


def test_a_final_capture_lets_go_of_the_rest_once_it_has_succeeded() -> None:
    payment = authorized_payment(eur(1_000))
    capture = capture_payment(payment_id=payment.pk, amount=eur(400), key=new_key(), is_final=True)
    assert (now_of(payment).status, attempt_of(payment).status) == ("authorized", "closing")
    with pytest.raises(Refusal, match="capture_refused"):
        capture_payment(payment_id=payment.pk, amount=eur(1), key=new_key())
    with pytest.raises(Refusal, match="increment_refused"):
        increment_authorization(payment_id=payment.pk, amount=eur(1), key=new_key())
    answer = operation_answer(capture)
    record_capture_result(capture_id=capture.pk, answer=answer, key=str(capture.pk))
    payment = now_of(payment)
    assert (payment.status, payment.authorized_minor) == ("captured", 400)
    assert attempt_of(payment).status == "voided"
    assert list(payments_off()) == []


def test_a_final_capture_that_fails_leaves_everything_held() -> None:
    payment = authorized_payment(eur(1_000))
    capture = capture_payment(payment_id=payment.pk, amount=eur(400), key=new_key(), is_final=True)
    failed = operation_answer(capture, "failed", failure_code="no")
    record_capture_result(capture_id=capture.pk, answer=failed, key=str(capture.pk))
    assert (attempt_of(payment).status, now_of(payment).capturable) == ("authorized", eur(1_000))


def test_nothing_else_may_be_on_its_way_when_the_rest_is_let_go() -> None:
    payment = authorized_payment(eur(1_000))
    capture_payment(payment_id=payment.pk, amount=eur(100), key=new_key())
    with pytest.raises(Refusal, match="capture_refused") as refused:
        capture_payment(payment_id=payment.pk, amount=eur(100), key=new_key(), is_final=True)
    assert "wait for it" in str(refused.value.message)


def test_a_final_capture_of_everything_is_a_capture_like_any_other() -> None:
    payment = authorized_payment(eur(1_000))
    assert take(payment, 1_000, is_final=True).is_final is False
    assert (now_of(payment).status, attempt_of(payment).status) == ("captured", "authorized")


# Voids after capture


def test_a_capture_taken_back_is_no_refund_and_gives_the_fee_back_as_it_was_booked() -> None:
    payment = authorized_payment(eur(1_000))
    capture = take(payment, 1_000)
    (fee,) = booked(TransferCode.CAPTURE_FEE)
    assert fee > 0
    capture = take_back(capture)
    payment = now_of(payment)
    assert (payment.status, capture.status) == ("voided_after_capture", "voided")
    assert (payment.captured_minor, payment.refunded_minor) == (0, 0)
    assert payment.capture_voided_minor == 1_000
    assert booked(TransferCode.CAPTURE_VOIDED) == [1_000]
    assert booked(TransferCode.CAPTURE_FEE_VOIDED) == [fee]
    assert Refund.objects.count() == 0
    assert list(payments_off()) == []


def test_one_of_two_captures_is_taken_back_and_the_other_stays() -> None:
    payment = authorized_payment(eur(1_000))
    first = take(payment, 300)
    take(payment, 200)
    take_back(first)
    payment = now_of(payment)
    assert (payment.status, payment.captured_minor) == ("partially_captured", 200)
    assert payment.capturable == eur(500), "what was taken back is not held again"
    assert list(payments_off()) == []


def test_the_same_key_is_one_void_of_a_capture_and_repeats_of_the_answer_do_nothing() -> None:
    payment = authorized_payment(eur(1_000))
    capture = take(payment, 1_000)
    key = new_key()
    for _ in range(2):
        void_capture(capture_id=capture.pk, key=key)
    assert Message.objects.filter(task="payments.send_capture_void").count() == 1
    for _ in range(3):
        record_capture_void_result(capture_id=capture.pk, answer=operation_answer(capture), key=key)
    assert now_of(payment).capture_voided_minor == 1_000
    assert booked(TransferCode.CAPTURE_VOIDED) == [1_000]


def test_what_is_being_taken_back_cannot_be_refunded() -> None:
    payment = authorized_payment(eur(1_000))
    capture = take(payment, 1_000)
    void_capture(capture_id=capture.pk, key=new_key())
    assert now_of(payment).refundable == eur(0)
    with pytest.raises(Refusal, match="refund_refused"):
        requested_refund(payment, eur(1))
    record_capture_void_lost(capture_id=capture.pk)
    assert Capture.objects.get(pk=capture.pk).status == "void_unknown"
    failed = operation_answer(capture, "failed", failure_code="capture_settled")
    record_capture_void_result(capture_id=capture.pk, answer=failed, key="x")
    capture.refresh_from_db()
    assert (capture.status, capture.failure_code) == ("succeeded", "capture_settled")
    assert now_of(payment).refundable == eur(1_000)
    assert list(payments_off()) == []


def test_a_capture_is_not_taken_back_once_it_is_settled_or_partly_refunded() -> None:
    payment = authorized_payment(eur(1_000))
    capture = take(payment, 1_000)
    with (
        clock.at(clock.now() + timedelta(days=2)),
        pytest.raises(Refusal, match="void_refused") as settled,
    ):
        void_capture(capture_id=capture.pk, key=new_key())
    assert "refund instead" in str(settled.value.message)
    answer_refund(requested_refund(payment, eur(1)))
    with pytest.raises(Refusal, match="void_refused"):
        void_capture(capture_id=capture.pk, key=new_key())


def test_a_capture_that_the_provider_never_told_the_end_of_is_not_taken_back() -> None:
    payment = captured_payment(eur(1_000))
    capture = Capture.objects.get(payment=payment)
    assert capture.settles_at is None
    with pytest.raises(Refusal, match="void_refused"):
        void_capture(capture_id=capture.pk, key=new_key())


@pytest.mark.parametrize(
    ("network", "days"), [("visa", 7), ("discover", 10), ("a network of tomorrow", 7), ("", 7)]
)
def test_an_authorization_lives_as_long_as_its_network_lets_it_where_nobody_says(
    network: str, days: int
) -> None:
    payment = answer_attempt(new_payment(eur(1_000)), network=network)
    expires_at = attempt_of(payment).expires_at
    assert expires_at is not None
    assert abs(expires_at - clock.now() - timedelta(days=days)) < timedelta(minutes=5)


def test_what_the_provider_says_of_the_end_counts_more_than_the_network() -> None:
    soon = clock.now() + timedelta(hours=3)
    payment = answer_attempt(new_payment(eur(1_000)), network="visa", expires_at=soon)
    assert attempt_of(payment).expires_at == soon


# Answers that do not fit


def test_an_answer_about_another_amount_is_never_accepted_and_is_a_state() -> None:
    payment = new_payment(eur(1_000))
    attempt = attempt_of(payment)
    payment = answer_attempt(payment, amount=eur(1_001), approved=eur(1_001))
    attempt.refresh_from_db()
    assert (payment.status, attempt.status) == ("conflicted", "conflicted")
    assert (payment.authorized_minor, attempt.answered) == (0, eur(1_001))
    assert attempt.ask_at is not None, "it is asked for again"
    payment = answer_attempt(payment)
    attempt.refresh_from_db()
    assert (payment.status, payment.authorized_minor) == ("authorized", 1_000)
    assert attempt.answered is None


@pytest.mark.parametrize("found", [eur(999), Money(1_000, "USD")])
def test_another_amount_or_currency_of_a_capture_books_nothing(found: Money) -> None:
    payment = authorized_payment(eur(1_000))
    capture = capture_payment(payment_id=payment.pk, amount=eur(1_000), key=new_key())
    odd = operation_answer(capture, amount=found)
    record_capture_result(capture_id=capture.pk, answer=odd, key="x")
    capture.refresh_from_db()
    assert (capture.status, capture.answered) == ("conflicted", found)
    assert (now_of(payment).capture_pending_minor, Transfer.objects.count()) == (1_000, 0)
    record_capture_result(capture_id=capture.pk, answer=operation_answer(capture), key="x")
    assert now_of(payment).status == "captured"
    assert list(payments_off()) == []


def test_another_amount_of_a_refund_keeps_it_set_aside() -> None:
    payment = captured_payment(eur(1_000))
    refund = answer_refund(requested_refund(payment, eur(300)), amount=eur(30))
    assert (refund.status, refund.answered) == ("conflicted", eur(30))
    assert now_of(payment).refund_pending_minor == 300
    record_refund_lost(refund_id=refund.pk)
    assert answer_refund(refund, "failed").status == "failed"
    assert now_of(payment).refundable == eur(1_000)
    assert list(payments_off()) == []


def test_another_amount_of_a_void_of_a_capture_leaves_it_unknown() -> None:
    payment = authorized_payment(eur(1_000))
    capture = take_back(take(payment, 1_000), amount=eur(5))
    assert (capture.status, capture.answered) == ("void_unknown", eur(5))
    assert now_of(payment).captured_minor == 1_000


# A person asks


def test_a_person_has_the_provider_asked_now_and_that_is_on_record() -> None:
    payment = new_payment(eur(1_000))
    record_authorization_lost(attempt_id=attempt_of(payment).pk)
    request_inquiry(payment_id=payment.pk)
    attempt = attempt_of(payment)
    assert attempt.ask_at is not None
    assert attempt.ask_at <= clock.now()
    message = Message.objects.get(task="payments.inquire")
    assert message.kwargs == {"payment_id": str(payment.pk)}
    assert LogEntry.objects.filter(event="payments.inquiry.requested").count() == 1


def test_there_is_nothing_to_ask_about_what_is_settled_or_only_on_its_way() -> None:
    for payment in (captured_payment(), new_payment()):
        with pytest.raises(Refusal, match="inquiry_refused"):
            request_inquiry(payment_id=payment.pk)

"""Taking a payment: what is asked, what is answered, and what is booked."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from audit.errors import Refusal
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.commands.captures import (
    capture_payment,
    record_capture_lost,
    record_capture_result,
)
from payments.commands.payments import (
    create_payment,
    expire_authorization,
    record_authorization_lost,
    retry_payment,
)
from payments.commands.voids import record_void_lost, record_void_result, void_payment
from payments.ledger.chart import AccountCode
from payments.ledger.models import Entry, Transfer
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Payment
from payments.proofs import payments_off
from tests.payments import builders
from tests.payments.builders import (
    answer_attempt,
    authorized_payment,
    captured_payment,
    eur,
    make_card,
    make_customer,
    make_merchant,
    new_key,
    new_payment,
    void_answer,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def last_attempt(payment: Payment) -> Attempt:
    return Attempt.objects.filter(payment=payment).order_by("-number")[0]


def test_a_new_payment_has_one_attempt_that_waits_to_be_sent() -> None:
    payment = new_payment(eur(4200))
    attempt = last_attempt(payment)
    assert (payment.status, attempt.status, attempt.number) == ("processing", "pending", 1)
    message = Message.objects.get()
    assert message.task == "payments.send_authorization"
    assert message.kwargs == {"attempt_id": str(attempt.pk)}
    assert Transfer.objects.count() == 0, "nothing moves before it is captured"
    events = LogEntry.objects.filter(object_repr=payment.reference).values_list("event", flat=True)
    assert list(events) == ["payments.payment.created"]


def test_the_same_key_is_one_payment_and_another_content_is_refused() -> None:
    merchant = make_merchant()
    customer = make_customer(merchant)
    given: dict[str, Any] = {
        "merchant": merchant,
        "customer": customer,
        "card": make_card(merchant, customer),
        "key": new_key(),
    }
    first = new_payment(eur(100), **given)
    assert new_payment(eur(100), **given).pk == first.pk
    assert (Payment.objects.count(), Attempt.objects.count(), Message.objects.count()) == (1, 1, 1)
    with pytest.raises(Refusal, match="key_reused"):
        new_payment(eur(101), **given)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"amount": eur(0)}, "amount_not_positive"),
        ({"amount": eur(-1)}, "amount_not_positive"),
        ({"amount": Money(100, "CHF")}, "currency_not_taken"),
        ({"merchant_id": uuid.uuid4()}, "currency_not_taken"),
        ({"card_id": uuid.uuid4()}, "card_missing"),
        ({"customer_id": uuid.uuid4()}, "customer_missing"),
        ({"order_reference": "4000-0566-5566-5556"}, "card_number"),
    ],
)
def test_what_does_not_belong_together_is_refused(given: dict[str, Any], code: str) -> None:
    merchant = make_merchant()
    customer = make_customer(merchant)
    card = make_card(merchant, customer)
    with pytest.raises(Refusal) as refused:
        create_payment(
            **{
                "merchant_id": merchant.pk,
                "customer_id": customer.pk,
                "card_id": card.pk,
                "amount": eur(100),
                "key": new_key(),
                **given,
            }
        )
    assert refused.value.code == code
    assert Payment.objects.count() == 0


def test_another_merchants_card_is_not_there() -> None:
    other = make_merchant(name="Other")
    with pytest.raises(Refusal, match="card_missing"):
        new_payment(card=make_card(other))


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("authorized", "authorized"),
        ("declined", "failed"),
        ("requires_action", "requires_action"),
        ("pending", "unknown"),
    ],
)
def test_an_answer_moves_attempt_and_payment_and_a_repeat_does_not(
    answer: str, status: str
) -> None:
    payment = answer_attempt(new_payment(), answer)
    assert payment.status == status
    entries = LogEntry.objects.count()
    assert answer_attempt(payment, answer).status == status
    assert LogEntry.objects.count() == entries


def test_a_partial_approval_holds_what_was_approved() -> None:
    payment = answer_attempt(new_payment(eur(1000)), "partially_authorized", approved=eur(600))
    assert (payment.status, payment.capturable) == ("authorized", eur(600))


def test_a_late_no_does_not_undo_a_yes() -> None:
    payment = authorized_payment()
    assert answer_attempt(payment, "declined").status == "authorized"


def test_an_unknown_outcome_is_asked_for_on_its_schedule_and_then_by_a_person() -> None:
    payment = new_payment()
    attempt = last_attempt(payment)
    now = clock.now()
    waits = []
    with clock.at(now):
        for _ in range(8):
            attempt = record_authorization_lost(attempt_id=attempt.pk)
            attempt.refresh_from_db()
            waits.append(attempt.ask_at - now if attempt.ask_at else None)
    day = timedelta(days=1)
    assert waits == [timedelta(minutes=5), timedelta(hours=1), *[day] * 5, None]
    assert answer_attempt(payment, "authorized").status == "authorized"


def test_a_new_attempt_only_when_the_last_one_is_over() -> None:
    payment = new_payment()
    card = last_attempt(payment).card
    for status in ("processing", "unknown"):
        payment.refresh_from_db()
        assert payment.status == status
        with pytest.raises(Refusal, match="attempt_not_over"):
            retry_payment(payment_id=payment.pk, card_id=card.pk, key=new_key())
        record_authorization_lost(attempt_id=last_attempt(payment).pk)
    answer_attempt(payment, "declined", decline_code="insufficient_funds")
    key = new_key()
    second = retry_payment(payment_id=payment.pk, card_id=card.pk, key=key)
    assert retry_payment(payment_id=payment.pk, card_id=card.pk, key=key).pk == second.pk
    payment = answer_attempt(payment, "authorized")
    assert (second.number, payment.status) == (2, "authorized")


def test_an_automatic_payment_is_captured_and_booked_with_its_fee() -> None:
    payment = captured_payment(eur(10_000))
    sums = {
        code: sum(
            Entry.objects.filter(account_id=payment.account(code).id).values_list(
                "amount_minor", flat=True
            )
        )
        for code in (AccountCode.PROVIDER_CLEARING, AccountCode.MERCHANT_PAYABLE, AccountCode.FEES)
    }
    assert list(sums.values()) == [10_000, -9_835, -165]
    assert payment.status == "captured"
    assert list(payments_off()) == []


def test_several_captures_add_up_and_never_to_more_than_is_held() -> None:
    payment = authorized_payment(eur(1000))
    for minor in (300, 300):
        capture = capture_payment(payment_id=payment.pk, amount=eur(minor), key=new_key())
        record_capture_result(
            capture_id=capture.pk, answer=builders.operation_answer(capture), key="x"
        )
    with pytest.raises(Refusal, match="capture_refused"):
        capture_payment(payment_id=payment.pk, amount=eur(401), key=new_key())
    with pytest.raises(Refusal, match="stale"):
        capture_payment(payment_id=payment.pk, amount=eur(1), key=new_key(), seen_capturable=1000)
    payment.refresh_from_db()
    assert (payment.status, payment.captured_minor) == ("partially_captured", 600)
    assert list(payments_off()) == []


def test_a_failed_capture_may_be_tried_again() -> None:
    payment = authorized_payment(eur(1000))
    capture = capture_payment(payment_id=payment.pk, amount=eur(1000), key=new_key())
    answer = builders.operation_answer(capture, "failed", failure_code="processing_error")
    record_capture_result(capture_id=capture.pk, answer=answer, key="x")
    payment.refresh_from_db()
    assert (payment.status, payment.capturable) == ("authorized", eur(1000))
    assert Transfer.objects.count() == 0


def test_a_lost_capture_stays_set_aside_until_it_is_known() -> None:
    payment = authorized_payment(eur(1000))
    capture = capture_payment(payment_id=payment.pk, amount=eur(1000), key=new_key())
    record_capture_lost(capture_id=capture.pk)
    payment.refresh_from_db()
    assert Capture.objects.get().status == "unknown"
    assert payment.capturable.minor == 0
    answer = builders.operation_answer(capture)
    record_capture_result(capture_id=capture.pk, answer=answer, key="x")
    payment.refresh_from_db()
    assert payment.status == "captured"


def test_a_void_lets_go_of_what_is_held_and_a_repeat_does_nothing() -> None:
    payment = authorized_payment()
    key = new_key()
    void_payment(payment_id=payment.pk, key=key)
    void_payment(payment_id=payment.pk, key=key)
    assert Message.objects.filter(task="payments.send_void").count() == 1
    attempt = last_attempt(payment)
    for _ in range(2):
        record_void_result(attempt_id=attempt.pk, answer=void_answer(attempt), key=key)
    payment.refresh_from_db()
    assert (payment.status, payment.capturable.minor) == ("voided", 0)


def test_a_void_that_fails_leaves_the_payment_authorized() -> None:
    payment = authorized_payment()
    void_payment(payment_id=payment.pk, key=new_key())
    attempt = last_attempt(payment)
    record_void_lost(attempt_id=attempt.pk)
    attempt.refresh_from_db()
    assert attempt.status == "void_unknown"
    record_void_result(attempt_id=attempt.pk, answer=void_answer(attempt, "failed"), key="x")
    payment.refresh_from_db()
    assert (payment.status, last_attempt(payment).status) == ("authorized", "authorized")


def test_a_void_after_a_partial_capture_keeps_what_was_taken() -> None:
    payment = authorized_payment(eur(1000))
    capture = capture_payment(payment_id=payment.pk, amount=eur(400), key=new_key())
    with pytest.raises(Refusal, match="void_refused"):
        void_payment(payment_id=payment.pk, key=new_key())
    record_capture_result(capture_id=capture.pk, answer=builders.operation_answer(capture), key="x")
    void_payment(payment_id=payment.pk, key=new_key())
    attempt = last_attempt(payment)
    record_void_result(attempt_id=attempt.pk, answer=void_answer(attempt), key="x")
    payment.refresh_from_db()
    assert (payment.status, payment.refundable) == ("captured", eur(400))
    with pytest.raises(Refusal, match="void_refused"):
        void_payment(payment_id=payment.pk, key=new_key())


def test_an_authorization_past_its_time_is_let_go_once() -> None:
    payment = authorized_payment()
    attempt = last_attempt(payment)
    assert attempt.expires_at is not None
    expire_authorization(attempt_id=attempt.pk)
    payment.refresh_from_db()
    assert payment.status == "authorized", "its time is not over"
    with clock.at(attempt.expires_at + timedelta(seconds=1)):
        with pytest.raises(Refusal, match="capture_refused"):
            capture_payment(payment_id=payment.pk, amount=eur(1), key=new_key())
        expire_authorization(attempt_id=attempt.pk)
        expire_authorization(attempt_id=attempt.pk)
    payment.refresh_from_db()
    assert (payment.status, payment.capturable.minor) == ("expired", 0)
    assert LogEntry.objects.filter(event="payments.attempt.expired").count() == 2


def test_the_database_has_the_last_word_on_amounts() -> None:
    from django.db import IntegrityError, connection, transaction

    from audit import guard

    payment = captured_payment(eur(1000))
    for column, value in (
        ("refunded_minor", 1001),
        ("refund_pending_minor", 1001),
        ("captured_minor", 1001),
        ("disputed_minor", -1),
    ):
        with (
            pytest.raises(IntegrityError),
            guard.suspended(),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"UPDATE payments_payment SET {column} = %s WHERE reference = %s",
                [value, payment.reference],
            )

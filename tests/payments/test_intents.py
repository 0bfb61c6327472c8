"""A payment that waits to be confirmed: nothing is sent before, and then it is as any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import clock
from audit.actor import Actor
from audit.errors import Kind, Refusal
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.commands.intents import (
    cancel_intent,
    confirm_intent,
    create_intent,
    lapse_intent,
)
from payments.models import Attempt, Payment
from payments.parties.models import CardReference, Merchant
from payments.proofs import payments_off
from payments.queries.days import add_up, span_of, today_of
from payments.queries.pages import get_payment_page
from payments.tasks.intents import lapse_intents
from tests.payments.builders import (
    answer_attempt,
    eur,
    make_card,
    make_merchant,
    new_key,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
P = Payment.Status


@pytest.fixture
def merchant() -> Merchant:
    return make_merchant()


@pytest.fixture
def card(merchant: Merchant) -> CardReference:
    return make_card(merchant)


@pytest.fixture
def waiting(merchant: Merchant, card: CardReference) -> Payment:
    return prepare(merchant, card_id=card.pk)


def prepare(merchant: Merchant, **given: Any) -> Payment:
    given = {"amount": eur(4_200), "key": new_key(), **given}
    return create_intent(merchant_id=merchant.pk, **given)


def now_of(payment: Payment) -> str:
    return Payment.objects.get(pk=payment.pk).status


def refusal_of(act: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value


def test_nothing_is_sent_before_it_is_confirmed(waiting: Payment) -> None:
    assert waiting.status == P.REQUIRES_CONFIRMATION
    assert not Attempt.objects.exists()
    assert not Message.objects.exists()
    entry = LogEntry.objects.get(event="payments.intent.created", outcome="done")
    assert entry.object_pk == str(waiting.pk)
    assert list(payments_off()) == []


def test_same_key_prepares_once(merchant: Merchant) -> None:
    key = new_key()
    first = prepare(merchant, key=key)
    assert prepare(merchant, key=key).pk == first.pk
    assert refusal_of(lambda: prepare(merchant, key=key, amount=eur(1))).code == "key_reused"
    assert Payment.objects.count() == 1


def test_confirmed_it_is_sent_with_the_card_it_was_given(
    waiting: Payment, card: CardReference
) -> None:
    key = new_key()
    attempt = confirm_intent(payment_id=waiting.pk, key=key)
    assert (attempt.number, attempt.card_id, attempt.amount_minor) == (1, card.pk, 4_200)
    assert confirm_intent(payment_id=waiting.pk, key=key).pk == attempt.pk
    assert Attempt.objects.count() == 1
    assert [one.task for one in Message.objects.all()] == ["payments.send_authorization"]
    payment = Payment.objects.get()
    assert (payment.status, payment.card_id) == (P.PROCESSING, None)
    assert answer_attempt(payment).status == P.AUTHORIZED


def test_card_may_come_with_the_confirmation(merchant: Merchant, card: CardReference) -> None:
    payment = prepare(merchant)
    refused = refusal_of(lambda: confirm_intent(payment_id=payment.pk, key=new_key()))
    assert (refused.code, refused.kind) == ("card_required", Kind.INVALID)
    attempt = confirm_intent(payment_id=payment.pk, card_id=card.pk, key=new_key())
    assert attempt.card_id == card.pk


def test_another_card_takes_the_place_of_the_first(merchant: Merchant, waiting: Payment) -> None:
    other = make_card(merchant, token="tok_mastercard_approved")
    attempt = confirm_intent(payment_id=waiting.pk, card_id=other.pk, key=new_key())
    assert attempt.card_id == other.pk


def test_canceled_it_is_over_and_a_repeat_changes_nothing(waiting: Payment) -> None:
    cancel_intent(payment_id=waiting.pk)
    cancel_intent(payment_id=waiting.pk)
    assert now_of(waiting) == P.CANCELED
    assert LogEntry.objects.filter(event="payments.intent.canceled", outcome="done").count() == 1
    refused = refusal_of(lambda: confirm_intent(payment_id=waiting.pk, key=new_key()))
    assert (refused.code, refused.kind) == ("payment_not_waiting", Kind.CONFLICT)


def test_confirmed_it_is_neither_canceled_nor_confirmed_again(waiting: Payment) -> None:
    confirm_intent(payment_id=waiting.pk, key=new_key())
    for act in (
        lambda: cancel_intent(payment_id=waiting.pk),
        lambda: confirm_intent(payment_id=waiting.pk, key=new_key()),
    ):
        assert refusal_of(act).code == "payment_not_waiting"
    assert lapse_intent(payment_id=waiting.pk).status == P.PROCESSING


def test_what_nobody_confirms_lapses_and_is_not_confirmed_late(waiting: Payment) -> None:
    lapse_intents()
    assert now_of(waiting) == P.REQUIRES_CONFIRMATION
    with clock.at(clock.now() + timedelta(hours=25)):
        refused = refusal_of(lambda: confirm_intent(payment_id=waiting.pk, key=new_key()))
        assert refused.code == "payment_lapsed"
        lapse_intents()
        lapse_intents()
    assert now_of(waiting) == P.CANCELED
    assert LogEntry.objects.filter(event="payments.intent.lapsed", outcome="done").count() == 1


def test_what_nobody_was_asked_about_is_not_counted_as_taken(waiting: Payment) -> None:
    def taken() -> list[int]:
        return [one.totals.taken for one in add_up([span_of(today_of(clock.now()))], is_live=False)]

    assert taken() == []
    confirm_intent(payment_id=waiting.pk, key=new_key())
    assert taken() == [1]


def test_page_reads_what_there_is(waiting: Payment, somebody: Actor) -> None:
    with CaptureQueriesContext(connection) as asked:
        page = get_payment_page(waiting.pk, somebody, clock.now())
    assert len(asked) <= 12
    assert page.confirm_until is not None
    assert not page.allowed.capture
    assert [moment.title for moment in page.moments] == [
        "Prepared a payment that waits to be confirmed"
    ]

"""Real processes at one authorization that turned up late: one row, one booking, one decision."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Group

from audit import clock
from audit.actor import Actor, acting_as, operator
from audit.approvals.models import ApprovalLimit
from audit.errors import Refusal
from audit.outbox.models import Message
from payments.commands.corrections import approve_correction, correct_payment
from payments.commands.late import record_late_authorization, record_late_return, return_late
from payments.commands.payments import record_authorization_failed, retry_payment
from payments.ledger.models import Entry, Transfer
from payments.models import (
    Attempt,
    Capture,
    Correction,
    LateAuthorization,
    Payment,
    RefundReason,
)
from payments.proofs import payments_off
from tests.audit.people import as_actor, hire
from tests.payments.builders import (
    authorization_answer,
    eur,
    new_key,
    new_payment,
    operation_answer,
)
from tests.processes import answer_of, fork

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.usefixtures("somebody"),
]
AMOUNT = 10_000


def failed_attempt() -> Attempt:
    attempt = Attempt.objects.get(payment=new_payment(eur(AMOUNT)))
    record_authorization_failed(attempt_id=attempt.pk, code="never_arrived", key=new_key())
    return Attempt.objects.get(pk=attempt.pk)


def find(attempt: Attempt, *, held: int, taken: int) -> str:
    answer = authorization_answer(attempt, capturable=eur(held), taken=eur(taken))
    found = record_late_authorization(
        attempt_id=attempt.pk, answer=answer, key=f"late:{attempt.pk}"
    )
    return str(found.pk) if found else ""


@pytest.mark.parametrize(("held", "taken"), [(AMOUNT, 0), (0, AMOUNT), (4_000, 6_000)])
def test_eight_events_at_once_are_one_late_authorization(held: int, taken: int) -> None:
    attempt = failed_attempt()
    children = [fork(lambda: find(attempt, held=held, taken=taken)) for _ in range(8)]
    answers = [answer_of(child) for child in children]
    assert [code for code, _said in answers] == [0] * 8
    assert {said for _code, said in answers} == {str(LateAuthorization.objects.get().pk)}
    assert Message.objects.filter(task="payments.release_late").count() == (1 if held else 0)
    assert Transfer.objects.filter(code="late_taken").count() == (1 if taken else 0)
    assert list(payments_off()) == []


@pytest.fixture
def lead() -> Actor:
    RefundReason.objects.create(code="shop", act="correction", label="The shop wants it so")
    with acting_as(operator("test")):
        role = Group.objects.get(name="support_lead")
        ApprovalLimit.objects.create(role=role, kind="correction", currency="EUR", max_minor=50_000)
    return as_actor(hire("Lea Lund", "support_lead"))


def decide(person: Actor, late: LateAuthorization, to_status: str) -> str:
    with acting_as(person):
        return correct_payment(
            payment_id=late.payment_id,
            kind="late",
            row_id=late.pk,
            to_status=to_status,
            reason="shop",
            evidence="Said on the telephone.",
            seen_status=f"taken {AMOUNT}",
            key=uuid.uuid4().hex,
        ).status


def or_refused(act: Callable[[], str]) -> str:
    try:
        return act()
    except Refusal as refusal:
        return refusal.code


def test_what_is_kept_by_a_person_is_never_tried_again_or_given_back_by_another(
    lead: Actor,
) -> None:
    attempt = failed_attempt()
    find(attempt, held=0, taken=AMOUNT)
    late = LateAuthorization.objects.get()

    def try_again() -> str:
        made = retry_payment(
            payment_id=attempt.payment_id, card_id=attempt.card_id, key=uuid.uuid4().hex
        )
        return made.status

    def give_back() -> str:
        with clock.at(clock.now() + timedelta(days=2)):
            return return_late(late_id=late.pk, key=uuid.uuid4().hex).status

    acts: list[Callable[[], str]] = [partial(decide, lead, late, "adopted"), try_again, give_back]
    children = [fork(partial(or_refused, act)) for act in acts * 2]
    answers = [answer_of(child) for child in children]
    assert [code for code, _said in answers] == [0] * 6
    late.refresh_from_db()
    payment = Payment.objects.get()
    attempts = Attempt.objects.count()
    if late.status == "adopted":
        assert (attempts, payment.status, Capture.objects.count()) == (1, "captured", 1)
        assert Message.objects.filter(task="payments.send_late_return").count() == 0
    else:
        assert late.status in ("returning", "taken")
        assert (payment.captured_minor, Capture.objects.count()) == (0, 0)
    assert attempts <= 2
    assert list(payments_off()) == []


@pytest.fixture
def finance(lead: Actor) -> Actor:
    return as_actor(hire("Anna Bell", "finance_controller"))


def refused_return() -> LateAuthorization:
    """What was taken late, and what the provider has refused to give back."""
    find(failed_attempt(), held=0, taken=AMOUNT)
    late = LateAuthorization.objects.get()
    with clock.at(clock.now() + timedelta(days=2)):
        return_late(late_id=late.pk, key=uuid.uuid4().hex)
    asked = Capture(amount_minor=AMOUNT, currency="EUR")
    refused = operation_answer(asked, "failed", failure_code="card_closed")
    record_late_return(late_id=late.pk, answer=refused, key=uuid.uuid4().hex)
    late.refresh_from_db()
    assert (late.status, late.ask_at) == ("taken", None)
    return late


def balance_of(code: str) -> int:
    return sum(Entry.objects.filter(account__code=code).values_list("amount_minor", flat=True))


def test_of_two_who_decide_at_once_one_is_heard(lead: Actor, finance: Actor) -> None:
    late = refused_return()
    asked = [partial(decide, finance, late, "booked_off"), partial(decide, lead, late, "returning")]
    children = [fork(partial(or_refused, act)) for act in asked * 3]
    answers = [answer_of(child) for child in children]
    assert [code for code, _said in answers] == [0] * 6
    heard = [said for _code, said in answers if said in ("awaiting_approval", "done")]
    assert len(heard) == Correction.objects.count() == 1
    late.refresh_from_db()
    assert late.status == ("taken" if heard == ["awaiting_approval"] else "returning")


def test_what_is_booked_off_while_it_moves_at_the_provider_ends_where_the_money_is(
    lead: Actor, finance: Actor
) -> None:
    late = refused_return()
    assert decide(finance, late, "booked_off") == "awaiting_approval"
    asked = Correction.objects.get()

    def approve() -> str:
        with acting_as(lead):
            return approve_correction(subject_id=asked.pk, key=uuid.uuid4().hex).status

    def went_back() -> str:
        return find(late.attempt, held=0, taken=0)

    children = [fork(partial(or_refused, act)) for act in [approve, went_back] * 3]
    assert [answer_of(child)[0] for child in children] == [0] * 6
    late.refresh_from_db()
    assert (late.status, late.taken_minor) == ("given_back", 0)
    assert [balance_of(code) for code in ("suspense", "unclaimed", "provider_clearing")] == [0] * 3
    assert list(payments_off()) == []

"""Real processes at one authorization that turned up late: one row, one booking, one decision."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Group

from audit import clock
from audit.actor import Actor, acting_as, operator
from audit.approvals.models import ApprovalLimit
from audit.errors import Refusal
from audit.outbox.models import Message
from payments.commands.corrections import correct_payment
from payments.commands.late import record_late_authorization, return_late
from payments.commands.payments import record_authorization_failed, retry_payment
from payments.ledger.models import Transfer
from payments.models import Attempt, Capture, LateAuthorization, Payment, RefundReason
from payments.proofs import payments_off
from tests.audit.people import as_actor, hire
from tests.payments.builders import authorization_answer, eur, new_key, new_payment
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
    person = hire("Lea Lund", "support_lead")
    with acting_as(operator("test")):
        role = Group.objects.get(name="support_lead")
        ApprovalLimit.objects.create(role=role, kind="correction", currency="EUR", max_minor=50_000)
    return as_actor(person)


def keep(lead: Actor, late: LateAuthorization) -> str:
    with acting_as(lead):
        return correct_payment(
            payment_id=late.payment_id,
            kind="late",
            row_id=late.pk,
            to_status="adopted",
            reason="shop",
            evidence="Said on the telephone.",
            seen_status="taken",
            key=uuid.uuid4().hex,
        ).status


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

    def refused_is_fine(act: str) -> str:
        acts = {"keep": lambda: keep(lead, late), "try": try_again, "back": give_back}
        try:
            return acts[act]()
        except Refusal as refusal:
            return refusal.code

    names = ["keep", "try", "back"] * 2
    children = [fork(partial(refused_is_fine, act)) for act in names]
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

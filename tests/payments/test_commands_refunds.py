"""Giving money back."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from audit.actor import Actor, ActorKind, acting_as
from audit.approvals.models import Approval
from audit.errors import Kind, Refusal
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.commands.refunds import approve_refund, refund_payment, reject_refund, withdraw_refund
from payments.ledger.chart import AccountCode
from payments.ledger.models import Entry, Transfer
from payments.ledger.money import Money
from payments.models import Payment, Refund
from payments.proofs import payments_off
from tests.payments import builders
from tests.payments.builders import captured_payment, eur, new_key, requested_refund

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def balance(payment: Payment, code: AccountCode) -> int:
    account = payment.account(code)
    return sum(Entry.objects.filter(account_id=account.id).values_list("amount_minor", flat=True))


def test_a_refund_is_booked_as_in_flight_recorded_and_sent_later() -> None:
    payment = captured_payment(eur(10_000))
    refund = requested_refund(payment, eur(1234))
    payment.refresh_from_db()
    assert refund.status == Refund.Status.PENDING
    assert (payment.refund_pending_minor, payment.refundable) == (1234, eur(8766))
    assert payment.status == Payment.Status.CAPTURED
    assert balance(payment, AccountCode.REFUNDS_IN_FLIGHT) == -1234
    fee = 140 + 25
    assert balance(payment, AccountCode.MERCHANT_PAYABLE) == -10_000 + fee + 1234
    message = Message.objects.get(task="payments.send_refund")
    assert message.kwargs == {"refund_id": str(refund.pk)}
    about = LogEntry.objects.filter(event="payments.refund.requested")
    assert {e.object_repr for e in about} == {payment.reference, refund.reference}


def test_the_same_key_twice_is_one_refund() -> None:
    payment = captured_payment()
    given: dict[str, Any] = {"key": new_key()}
    first = requested_refund(payment, eur(500), **given)
    entries = LogEntry.objects.count()
    assert requested_refund(payment, eur(500), **given).pk == first.pk
    assert Refund.objects.count() == 1
    assert LogEntry.objects.count() == entries
    assert Transfer.objects.filter(code="refund_requested").count() == 1


def test_the_same_key_for_another_amount_is_refused() -> None:
    payment = captured_payment()
    key = new_key()
    requested_refund(payment, eur(500), key=key)
    with pytest.raises(Refusal) as refused:
        requested_refund(payment, eur(501), key=key)
    assert refused.value.code == "key_reused"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"amount": eur(10_001)}, "refund_refused"),
        ({"amount": eur(0)}, "refund_refused"),
        ({"amount": eur(-5)}, "refund_refused"),
        ({"amount": Money(100, "USD")}, "refund_refused"),
        ({"amount": eur(100), "reason": "because"}, "reason_missing"),
        ({"amount": eur(100), "seen_refundable": 9_999}, "stale"),
        ({"amount": eur(100), "comment": "card 4000 0566 5566 5556"}, "card_number"),
        ({"amount": eur(100), "payment_id": uuid.uuid4()}, "payment_missing"),
    ],
)
def test_a_refund_that_cannot_be_is_refused_and_changes_nothing(
    given: dict[str, Any], code: str
) -> None:
    payment = captured_payment(eur(10_000))
    builders.make_reason()
    with pytest.raises(Refusal) as refused:
        refund_payment(
            **{
                "payment_id": payment.pk,
                "reason": "requested_by_customer",
                "key": new_key(),
                **given,
            }
        )
    assert refused.value.code == code
    assert Refund.objects.count() == 0
    payment.refresh_from_db()
    assert payment.refundable == eur(10_000)
    denied = LogEntry.objects.get(outcome="denied")
    assert denied.additional_data == {"refusal": code}
    assert "4000 0566" not in str(LogEntry.objects.filter(outcome="denied").values())


def test_refunds_never_sum_to_more_than_was_captured() -> None:
    payment = captured_payment(eur(1000))
    requested_refund(payment, eur(600))
    with pytest.raises(Refusal):
        requested_refund(payment, eur(401))
    requested_refund(payment, eur(400))
    payment.refresh_from_db()
    assert payment.refundable.minor == 0


@pytest.mark.parametrize(("amount", "status"), [(1000, "refunded"), (999, "partially_refunded")])
def test_a_refund_that_succeeds_leaves_clearing_and_moves_the_payment(
    amount: int, status: str
) -> None:
    payment = captured_payment(eur(1000))
    refund = builders.answer_refund(requested_refund(payment, eur(amount)), arn="74537001")
    payment.refresh_from_db()
    assert (refund.status, refund.arn) == ("succeeded", "74537001")
    assert payment.status == status
    assert (payment.refunded_minor, payment.refund_pending_minor) == (amount, 0)
    assert balance(payment, AccountCode.REFUNDS_IN_FLIGHT) == 0
    assert balance(payment, AccountCode.PROVIDER_CLEARING) == 1000 - amount
    assert list(payments_off()) == []


def test_a_result_told_twice_changes_nothing_the_second_time() -> None:
    refund = requested_refund(captured_payment(), eur(100))
    builders.answer_refund(refund)
    before = LogEntry.objects.count(), Entry.objects.count()
    builders.answer_refund(refund)
    assert (LogEntry.objects.count(), Entry.objects.count()) == before


def test_a_failed_refund_gives_the_amount_back_to_the_merchant() -> None:
    payment = captured_payment(eur(1000))
    payable = balance(payment, AccountCode.MERCHANT_PAYABLE)
    refund = builders.answer_refund(
        requested_refund(payment, eur(300)), "failed", failure_code="expired_card"
    )
    payment.refresh_from_db()
    assert (refund.status, refund.failure_code) == ("failed", "expired_card")
    assert payment.refundable == eur(1000)
    assert balance(payment, AccountCode.MERCHANT_PAYABLE) == payable
    assert balance(payment, AccountCode.REFUNDS_IN_FLIGHT) == 0


def test_a_refund_that_comes_back_after_it_succeeded_is_booked_back() -> None:
    payment = captured_payment(eur(1000))
    refund = builders.answer_refund(requested_refund(payment, eur(300)))
    refund = builders.answer_refund(refund, "failed", failure_code="closed_account")
    payment.refresh_from_db()
    assert refund.status == "returned"
    assert (payment.status, payment.refunded_minor) == ("captured", 0)
    assert balance(payment, AccountCode.PROVIDER_CLEARING) == 1000
    assert list(payments_off()) == []


# Four eyes


@pytest.fixture
def people(django_user_model: Any, somebody: Actor) -> dict[str, Actor]:
    from django.contrib.auth.models import Group

    from audit.approvals.models import ApprovalLimit

    found: dict[str, Actor] = {}
    for name, limit in (("support_agent", 5_000), ("support_lead", 50_000)):
        group = Group.objects.get(name=name)
        ApprovalLimit.objects.create(role=group, currency="EUR", max_minor=limit)
        for number in (1, 2):
            user = django_user_model.objects.create_user(f"{name}{number}@example.test", "x")
            permissions = {"payments.refund_payment"}
            if name == "support_lead":
                permissions.add("approvals.decide_refund")
            found[f"{name}{number}"] = Actor(
                ActorKind.USER,
                user.reference,
                user_id=user.pk,
                roles=(name,),
                permissions=frozenset(permissions),
                request_id=uuid.uuid4().hex,
            )
    return found


def test_above_the_limit_a_refund_waits_and_nothing_is_booked(people: dict[str, Actor]) -> None:
    payment = captured_payment(eur(10_000))
    with acting_as(people["support_agent1"]):
        refund = requested_refund(payment, eur(5_001))
    payment.refresh_from_db()
    assert refund.status == Refund.Status.AWAITING_APPROVAL
    assert payment.refund_pending_minor == 5_001
    assert balance(payment, AccountCode.REFUNDS_IN_FLIGHT) == 0
    assert not Message.objects.filter(task="payments.send_refund").exists()
    approval = Approval.objects.get()
    assert (approval.subject_id, approval.reason) == (refund.pk, "Customer asked")
    assert list(payments_off()) == []


def test_at_the_limit_a_refund_goes_out_at_once(people: dict[str, Actor]) -> None:
    payment = captured_payment(eur(10_000))
    with acting_as(people["support_agent1"]):
        assert requested_refund(payment, eur(5_000)).status == Refund.Status.PENDING


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("support_agent1", False),
        ("support_agent2", False),
        ("support_lead1", True),
    ],
)
def test_only_another_person_with_the_right_and_the_limit_approves(
    people: dict[str, Actor], who: str, allowed: bool
) -> None:
    payment = captured_payment(eur(10_000))
    with acting_as(people["support_agent1"]):
        refund = requested_refund(payment, eur(6_000))
    with acting_as(people[who]):
        if allowed:
            approve_refund(subject_id=refund.pk, key=new_key())
        else:
            with pytest.raises(Refusal) as refused:
                approve_refund(subject_id=refund.pk, key=new_key())
            assert refused.value.kind is Kind.FORBIDDEN
    refund.refresh_from_db()
    assert refund.status == ("pending" if allowed else "awaiting_approval")
    assert Message.objects.filter(task="payments.send_refund").exists() == allowed


def test_a_lead_cannot_approve_what_he_asked_for_himself(people: dict[str, Actor]) -> None:
    payment = captured_payment(eur(90_000))
    with acting_as(people["support_lead1"]):
        refund = requested_refund(payment, eur(50_001))
        with pytest.raises(Refusal, match="approval_refused"):
            approve_refund(subject_id=refund.pk, key=new_key())
    with acting_as(people["support_lead2"]), pytest.raises(Refusal, match="approval_refused"):
        approve_refund(subject_id=refund.pk, key=new_key())


def test_approving_twice_is_one_refund(people: dict[str, Actor]) -> None:
    payment = captured_payment(eur(10_000))
    with acting_as(people["support_agent1"]):
        refund = requested_refund(payment, eur(6_000))
    with acting_as(people["support_lead1"]):
        key = new_key()
        approve_refund(subject_id=refund.pk, key=key)
        approve_refund(subject_id=refund.pk, key=key)
    assert Transfer.objects.filter(code="refund_requested").count() == 1
    assert Message.objects.filter(task="payments.send_refund").count() == 1


def test_a_rejected_refund_may_be_asked_for_again(people: dict[str, Actor]) -> None:
    payment = captured_payment(eur(10_000))
    with acting_as(people["support_agent1"]):
        refund = requested_refund(payment, eur(6_000))
    with acting_as(people["support_lead1"]):
        reject_refund(subject_id=refund.pk, note="Ask the customer first")
    refund.refresh_from_db()
    payment.refresh_from_db()
    assert (refund.status, payment.refund_pending_minor) == ("rejected", 0)
    with acting_as(people["support_lead1"]), pytest.raises(Refusal) as refused:
        approve_refund(subject_id=refund.pk, key=new_key())
    assert refused.value.code == "approval_decided"


def test_only_who_asked_withdraws(people: dict[str, Actor]) -> None:
    payment = captured_payment(eur(10_000))
    with acting_as(people["support_agent1"]):
        refund = requested_refund(payment, eur(6_000))
    with acting_as(people["support_lead1"]), pytest.raises(Refusal):
        withdraw_refund(subject_id=refund.pk)
    with acting_as(people["support_agent1"]):
        withdraw_refund(subject_id=refund.pk)
    refund.refresh_from_db()
    assert refund.status == "withdrawn"


def test_without_the_permission_nobody_refunds(people: dict[str, Actor]) -> None:
    payment = captured_payment()
    nobody = Actor(ActorKind.USER, "U-0", user_id=people["support_agent1"].user_id)
    with acting_as(nobody), pytest.raises(Refusal, match="refund_refused"):
        requested_refund(payment, eur(100))

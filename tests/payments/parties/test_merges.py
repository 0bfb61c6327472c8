"""Merging a duplicate: asked for by one person, decided by another, resolved for good."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from audit import clock, guard
from audit.actor import Actor, acting_as
from audit.approvals.models import Approval
from audit.errors import Kind, Refusal
from audit.models import LogEntry, SubjectKey
from payments.ledger.models import Transfer
from payments.parties import commands, queries
from payments.parties.models import Customer, Merchant, Merge
from tests.audit.people import as_actor, hire

from .conftest import PERSON, make_merchant, new_key

WHY = "Same address, she has two accounts."


@pytest.fixture
def agent(db: None) -> Actor:
    return as_actor(hire("Agathe Morel", "support_agent"))


@pytest.fixture
def lead(db: None) -> Actor:
    return as_actor(hire("Lea Brun", "support_lead"))


@pytest.fixture
def other(merchant: Merchant) -> Customer:
    return commands.create_customer(merchant_id=merchant.pk, key=new_key(), **PERSON)


def ask(actor: Actor, duplicate: Customer, survivor: Customer, **given: Any) -> Merge:
    with acting_as(actor):
        return commands.request_merge(
            duplicate_id=duplicate.pk,
            survivor_id=survivor.pk,
            **{"reason": WHY, "key": new_key(), **given},
        )


def approve(actor: Actor, merge: Merge) -> Merge:
    with acting_as(actor):
        return commands.approve_merge(subject_id=merge.pk, key=new_key())


def refusal_of(act: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value


def test_nothing_moves_before_another_person_says_yes(
    agent: Actor, customer: Customer, other: Customer
) -> None:
    merge = ask(agent, other, customer)
    assert merge.status == Merge.Status.AWAITING_APPROVAL
    approval = Approval.objects.get(subject_id=merge.pk)
    assert (approval.kind, approval.currency, approval.amount_minor) == ("merge", "", 0)
    assert approval.subject_reference == f"{other.reference} → {customer.reference}"
    assert approval.reason == WHY
    assert Customer.objects.get(pk=other.pk).merged_into_id is None


def test_approved_duplicate_points_at_the_survivor_and_nothing_is_booked(
    agent: Actor, lead: Actor, customer: Customer, other: Customer
) -> None:
    merge = ask(agent, other, customer)
    booked = Transfer.objects.count()
    assert approve(lead, merge).status == Merge.Status.MERGED
    moved = Customer.objects.get(pk=other.pk)
    assert (moved.merged_into_id, moved.merged_at is not None) == (customer.pk, True)
    assert Customer.objects.get(pk=customer.pk).merged_into_id is None
    assert Transfer.objects.count() == booked
    assert queries.known_ids(customer, queries.list_merged(customer)) == [customer.pk, other.pk]


def test_merge_is_on_record_with_before_and_after(
    agent: Actor, lead: Actor, customer: Customer, other: Customer
) -> None:
    approve(lead, ask(agent, other, customer))
    entry = LogEntry.objects.get(event="parties.customer.merged")
    assert entry.object_pk == str(other.pk)
    assert entry.changes["merged_into_id"] == ["None", str(customer.pk)]
    assert entry.actor_id == lead.user_id
    events = set(
        LogEntry.objects.filter(command_id=entry.command_id).values_list("event", flat=True)
    )
    assert events == {
        "parties.customer.merged",
        "parties.merge.approved",
        "approvals.approval.approved",
    }
    requested = LogEntry.objects.get(event="approvals.approval.requested")
    assert WHY not in str(vars(requested))


def test_same_key_asks_once(agent: Actor, customer: Customer, other: Customer) -> None:
    key = new_key()
    first, second = (ask(agent, other, customer, key=key) for _ in range(2))
    assert first.pk == second.pk
    assert Merge.objects.count() == Approval.objects.count() == 1
    refused = refusal_of(lambda: ask(agent, customer, other, key=key))
    assert refused.code == "key_reused"


def test_duplicates_of_a_duplicate_follow_it(
    agent: Actor, lead: Actor, merchant: Merchant, customer: Customer, other: Customer
) -> None:
    oldest = commands.create_customer(merchant_id=merchant.pk, key=new_key(), **PERSON)
    approve(lead, ask(agent, oldest, other))
    approve(lead, ask(agent, other, customer))
    merged = set(Customer.objects.filter(merged_into=customer).values_list("pk", flat=True))
    assert merged == {oldest.pk, other.pk}


def test_nobody_approves_his_own_request(lead: Actor, customer: Customer, other: Customer) -> None:
    merge = ask(lead, other, customer)
    refused = refusal_of(lambda: approve(lead, merge))
    assert refused.kind is Kind.FORBIDDEN
    assert Customer.objects.get(pk=other.pk).merged_into_id is None
    denial = LogEntry.objects.get(event="parties.merge.approved")
    assert denial.outcome == "denied"


def test_agent_does_not_approve(agent: Actor, customer: Customer, other: Customer) -> None:
    merge = ask(agent, other, customer)
    colleague = as_actor(hire("Bruno Abt", "support_agent"))
    assert refusal_of(lambda: approve(colleague, merge)).code == "approval_refused"


def test_rejected_and_withdrawn_leave_all_as_it_was_and_may_be_asked_again(
    agent: Actor, lead: Actor, customer: Customer, other: Customer
) -> None:
    merge = ask(agent, other, customer)
    with acting_as(lead):
        commands.reject_merge(subject_id=merge.pk, note="not sure")
    again = ask(agent, other, customer)
    with acting_as(agent):
        commands.withdraw_merge(subject_id=again.pk)
    assert [one.status for one in Merge.objects.order_by("created_at")] == ["rejected", "withdrawn"]
    assert Customer.objects.get(pk=other.pk).merged_into_id is None
    ask(agent, other, customer)


def test_request_that_nobody_decides_lapses(
    agent: Actor, customer: Customer, other: Customer
) -> None:
    merge = ask(agent, other, customer)
    assert commands.lapse_merge(subject_id=merge.pk).status == Merge.Status.AWAITING_APPROVAL
    with clock.at(timezone.now() + timedelta(days=8)):
        assert commands.lapse_merge(subject_id=merge.pk).status == Merge.Status.LAPSED
    assert Approval.objects.get(subject_id=merge.pk).status == "expired"


def test_decided_request_is_not_decided_again(
    agent: Actor, lead: Actor, customer: Customer, other: Customer
) -> None:
    merge = ask(agent, other, customer)
    approve(lead, merge)
    for act in (lambda: approve(lead, merge), lambda: commands.reject_merge(subject_id=merge.pk)):
        assert refusal_of(act).code == "approval_decided"


def erase(customer: Customer) -> None:
    with guard.suspended():
        SubjectKey.objects.filter(pk=customer.pk).update(wrapped="")


def test_what_may_not_be_merged_is_refused_with_its_reason(
    agent: Actor, lead: Actor, merchant: Merchant, customer: Customer, other: Customer
) -> None:
    stranger = commands.create_customer(
        merchant_id=make_merchant("Autre").pk, key=new_key(), **PERSON
    )
    gone, moved, asked = (
        commands.create_customer(merchant_id=merchant.pk, key=new_key(), **PERSON) for _ in range(3)
    )
    real = commands.create_customer(merchant_id=merchant.pk, is_live=True, key=new_key(), **PERSON)
    erase(gone)
    approve(lead, ask(agent, moved, customer))
    ask(agent, asked, customer)
    cases = [
        (other, other, "one and the same"),
        (other, stranger, "two merchants"),
        (stranger, other, "two merchants"),
        (real, other, "test customer"),
        (other, real, "test customer"),
        (gone, other, "erased"),
        (other, gone, "erased"),
        (moved, other, "merged into another already"),
        (other, moved, "merged into another already"),
        (other, asked, "waits for a decision already"),
        (asked, other, "waits for a decision already"),
    ]
    before = Merge.objects.count()
    for duplicate, survivor, words in cases:
        refused = refusal_of(partial(ask, agent, duplicate, survivor))
        assert refused.kind is Kind.CONFLICT
        assert words in str(refused.message)
    assert Merge.objects.count() == before


def test_erased_or_merged_meanwhile_is_refused_at_the_decision(
    agent: Actor, lead: Actor, customer: Customer, other: Customer
) -> None:
    merge = ask(agent, other, customer)
    erase(customer)
    assert "erased" in str(refusal_of(lambda: approve(lead, merge)).message)
    assert Merge.objects.get().status == Merge.Status.AWAITING_APPROVAL


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "\x00", "4111 1111 1111 1111"])
def test_reason_that_cannot_be_kept_is_refused(
    agent: Actor, customer: Customer, other: Customer, reason: str
) -> None:
    assert (
        refusal_of(lambda: ask(agent, other, customer, reason=reason)).details["field"] == "reason"
    )
    assert Merge.objects.count() == 0


def test_who_is_not_there_is_missing(agent: Actor, customer: Customer) -> None:
    with acting_as(agent):
        refused = refusal_of(
            lambda: commands.request_merge(
                duplicate_id=uuid.uuid4(), survivor_id=customer.pk, reason=WHY, key=new_key()
            )
        )
        assert refused.kind is Kind.MISSING
        missing = refusal_of(lambda: commands.reject_merge(subject_id=uuid.uuid4()))
    assert missing.kind is Kind.MISSING


def test_only_people_ask(customer: Customer, other: Customer) -> None:
    refused = refusal_of(
        lambda: commands.request_merge(
            duplicate_id=other.pk, survivor_id=customer.pk, reason=WHY, key=new_key()
        )
    )
    assert refused.code == "approval_needs_person"

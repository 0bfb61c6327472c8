"""Taking a merge back: asked for by one person, decided by another, and all is as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import clock
from audit.actor import Actor, acting_as
from audit.approvals.models import Approval
from audit.errors import Kind, Refusal
from audit.models import LogEntry
from payments.ledger.models import Transfer
from payments.parties import commands
from payments.parties.models import Customer, Merchant, Merge, Split
from tests.audit.people import as_actor, hire

from .conftest import PERSON, new_key

WHY = "They are mother and daughter."


@pytest.fixture
def agent(db: None) -> Actor:
    return as_actor(hire("Agathe Morel", "support_agent"))


@pytest.fixture
def lead(db: None) -> Actor:
    return as_actor(hire("Lea Brun", "support_lead"))


@pytest.fixture
def make(merchant: Merchant) -> Callable[[], Customer]:
    return lambda: commands.create_customer(merchant_id=merchant.pk, key=new_key(), **PERSON)


@pytest.fixture
def join(agent: Actor, lead: Actor) -> Callable[[Customer, Customer], Merge]:
    """A merge that is decided."""

    def done(duplicate: Customer, survivor: Customer) -> Merge:
        with acting_as(agent):
            merge = commands.request_merge(
                duplicate_id=duplicate.pk, survivor_id=survivor.pk, reason=WHY, key=new_key()
            )
        with acting_as(lead):
            return commands.approve_merge(subject_id=merge.pk, key=new_key())

    return done


def ask(actor: Actor, merge: Merge, key: str = "") -> Split:
    with acting_as(actor):
        return commands.request_split(merge_id=merge.pk, reason=WHY, key=key or new_key())


def approve(actor: Actor, split: Split) -> Split:
    with acting_as(actor):
        return commands.approve_split(subject_id=split.pk, key=new_key())


def refusal_of(act: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value


def into(customer: Customer) -> Any:
    return Customer.objects.get(pk=customer.pk).merged_into_id


def test_nothing_moves_before_another_person_says_yes(
    agent: Actor, customer: Customer, make: Any, join: Any
) -> None:
    twin = make()
    split = ask(agent, join(twin, customer))
    assert into(twin) == customer.pk
    approval = Approval.objects.get(subject_id=split.pk)
    assert (approval.kind, approval.currency) == ("split", "")
    assert approval.subject_reference == f"{twin.reference} → {customer.reference}"


def test_approved_both_customers_are_as_they_were_and_nothing_is_booked(
    agent: Actor, lead: Actor, customer: Customer, make: Any, join: Any
) -> None:
    twin = make()
    merge = join(twin, customer)
    booked = Transfer.objects.count()
    assert approve(lead, ask(agent, merge)).status == Split.Status.DONE
    now = Customer.objects.get(pk=twin.pk)
    assert (now.merged_into_id, now.merged_at) == (None, None)
    assert Merge.objects.get(pk=merge.pk).status == Merge.Status.TAKEN_BACK
    assert Transfer.objects.count() == booked
    entry = LogEntry.objects.get(event="parties.customer.separated")
    assert entry.changes["merged_into_id"] == [str(customer.pk), "None"]
    assert entry.actor_id == lead.user_id


def test_what_came_with_the_duplicate_goes_with_it_and_the_rest_stays(
    agent: Actor, lead: Actor, customer: Customer, make: Any, join: Any
) -> None:
    oldest, older, twin, other = make(), make(), make(), make()
    join(oldest, older)
    join(older, twin)
    join(other, customer)
    merge = join(twin, customer)
    approve(lead, ask(agent, merge))
    assert [into(one) for one in (oldest, older, twin, other)] == [
        twin.pk,
        twin.pk,
        None,
        customer.pk,
    ]


def test_merge_in_the_middle_of_a_chain_is_taken_back(
    agent: Actor, lead: Actor, customer: Customer, make: Any, join: Any
) -> None:
    oldest, twin = make(), make()
    first = join(oldest, twin)
    join(twin, customer)
    approve(lead, ask(agent, first))
    assert (into(oldest), into(twin)) == (None, customer.pk)


def test_it_may_be_merged_again_afterwards_and_taken_back_again(
    agent: Actor, lead: Actor, customer: Customer, make: Any, join: Any
) -> None:
    twin = make()
    for _time in range(2):
        approve(lead, ask(agent, join(twin, customer)))
        assert into(twin) is None


def test_same_key_asks_once(agent: Actor, customer: Customer, make: Any, join: Any) -> None:
    merge, key = join(make(), customer), new_key()
    assert ask(agent, merge, key).pk == ask(agent, merge, key).pk
    assert Split.objects.count() == 1


def test_second_request_waits_for_the_first(
    agent: Actor, customer: Customer, make: Any, join: Any
) -> None:
    merge = join(make(), customer)
    ask(agent, merge)
    assert refusal_of(lambda: ask(agent, merge)).code == "split_refused"


@pytest.mark.parametrize("status", ["awaiting_approval", "taken_back"])
def test_only_what_is_merged_is_taken_back(
    agent: Actor, lead: Actor, customer: Customer, make: Any, join: Any, status: str
) -> None:
    if status == "taken_back":
        merge = join(make(), customer)
        approve(lead, ask(agent, merge))
    else:
        with acting_as(agent):
            merge = commands.request_merge(
                duplicate_id=make().pk, survivor_id=customer.pk, reason=WHY, key=new_key()
            )
    refused = refusal_of(lambda: ask(agent, merge))
    assert (refused.code, refused.kind) == ("split_refused", Kind.CONFLICT)


def test_nobody_approves_his_own_request_nor_an_agent(
    agent: Actor, lead: Actor, customer: Customer, make: Any, join: Any
) -> None:
    twin = make()
    split = ask(lead, join(twin, customer))
    assert refusal_of(lambda: approve(lead, split)).kind is Kind.FORBIDDEN
    colleague = as_actor(hire("Bruno Abt", "support_agent"))
    assert refusal_of(lambda: approve(colleague, split)).code == "approval_refused"
    assert into(twin) == customer.pk


def test_request_is_rejected_withdrawn_or_lapses_and_the_merge_stays(
    agent: Actor, lead: Actor, customer: Customer, make: Any, join: Any
) -> None:
    twin = make()
    merge = join(twin, customer)
    split = ask(agent, merge)
    with acting_as(lead):
        assert commands.reject_split(subject_id=split.pk).status == Split.Status.REJECTED
    split = ask(agent, merge)
    with acting_as(agent):
        assert commands.withdraw_split(subject_id=split.pk).status == Split.Status.WITHDRAWN
    split = ask(agent, merge)
    assert commands.lapse_split(subject_id=split.pk).status == Split.Status.AWAITING_APPROVAL
    with clock.at(timezone.now() + timedelta(days=8)):
        assert commands.lapse_split(subject_id=split.pk).status == Split.Status.LAPSED
    assert into(twin) == customer.pk


def test_card_number_in_the_reason_is_refused(
    agent: Actor, customer: Customer, make: Any, join: Any
) -> None:
    merge = join(make(), customer)
    with acting_as(agent):
        refused = refusal_of(
            lambda: commands.request_split(
                merge_id=merge.pk, reason="4242 4242 4242 4242", key=new_key()
            )
        )
    assert refused.code == "card_number"

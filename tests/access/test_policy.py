"""Who may give what to whom: the rules alone."""

from __future__ import annotations

import uuid

import pytest

from audit.actor import Actor, ActorKind
from config.access import policy
from config.access.policy import Grant, permissions_decision, roles_decision, toxic_pair
from config.access.roles import ASSIGN, GRANTABLE, ROLES, TABLE

ADA, BOB = uuid.uuid4(), uuid.uuid4()


def grant(code: str) -> Grant:
    return Grant(code, ROLES[code].permissions)


def actor(*codes: str, extra: frozenset[str] = frozenset()) -> Actor:
    held = frozenset().union(*(ROLES[code].permissions for code in codes), extra)
    return Actor(ActorKind.USER, "U-ADA", user_id=ADA, roles=codes, permissions=held)


def codes(
    who: Actor,
    person: uuid.UUID = BOB,
    *,
    added: tuple[str, ...] = (),
    kept: tuple[str, ...] = (),
    removed: tuple[str, ...] = (),
    superuser: bool = False,
    by_superuser: bool = False,
) -> list[str]:
    refused = roles_decision(
        who,
        person,
        is_superuser=superuser,
        added=[grant(one) for one in added],
        kept=[grant(one) for one in kept],
        removed=[grant(one) for one in removed],
        by_superuser=by_superuser,
    )
    return [one.code for one in refused]


@pytest.mark.parametrize("code", sorted(ROLES))
def test_access_administrator_gives_every_role_to_others(code: str) -> None:
    assert codes(actor("access_administrator"), added=(code,)) == []


def test_access_administrator_gives_nothing_to_himself() -> None:
    assert codes(actor("access_administrator"), ADA, added=("auditor",)) == ["own_roles"]
    assert codes(actor("access_administrator"), ADA, removed=("auditor",)) == ["own_roles"]


def test_superuser_does_not_change_his_own_roles_either() -> None:
    assert codes(actor(), ADA, added=("auditor",), by_superuser=True) == ["own_roles"]


def test_somebody_who_only_changes_people_gives_what_he_holds() -> None:
    clerk = actor("auditor", extra=frozenset({"access.change_user"}))
    assert codes(clerk, added=("auditor",)) == []
    assert codes(clerk, added=("support_agent",)) == ["not_held"]


def test_role_that_holds_what_no_role_of_the_house_has_is_not_given() -> None:
    odd = Grant("odd", frozenset({"sessions.delete_session"}))
    refused = permissions_decision(
        actor("access_administrator"), odd.name, odd.permissions, by_superuser=False
    )
    assert [one.code for one in refused] == ["outside_roles"]


MONEY_ROLES = [role.code for role in TABLE if role.handles_money]


@pytest.mark.parametrize("code", MONEY_ROLES)
@pytest.mark.parametrize("by_superuser", [False, True])
def test_granting_and_money_never_meet_in_one_person(code: str, by_superuser: bool) -> None:
    keeper = actor("access_administrator")
    pair = ["toxic_pair"]
    assert (
        codes(keeper, added=(code,), kept=("access_administrator",), by_superuser=by_superuser)
        == pair
    )
    assert codes(keeper, added=("access_administrator", code), by_superuser=by_superuser) == pair


def test_superuser_is_made_and_changed_by_a_superuser_alone() -> None:
    assert codes(actor("access_administrator"), superuser=True) == ["superuser"]
    assert codes(actor(), superuser=True, by_superuser=True) == []


@pytest.mark.parametrize("pair", policy.PAIRS, ids=lambda pair: min(pair.left))
def test_every_pair_is_refused_whichever_way_it_comes(pair: policy.Pair) -> None:
    for left in pair.left:
        for right in pair.right:
            assert toxic_pair([left, right]) is not None
        assert toxic_pair([left]) is None
    for right in pair.right:
        assert toxic_pair([right]) is None


def test_table_holds_no_toxic_role_and_an_auditor_who_only_looks() -> None:
    assert [role.code for role in TABLE if toxic_pair(role.permissions)] == []
    assert {name.split(".")[1].split("_")[0] for name in ROLES["auditor"].permissions} == {"view"}
    assert not ROLES["access_administrator"].handles_money
    assert ASSIGN in GRANTABLE


def test_eleven_roles_of_the_house_have_a_name_and_a_line_each() -> None:
    assert len(TABLE) == 11
    assert all(str(role.label) and str(role.about).endswith(".") for role in TABLE)

"""The groups made from the table."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from audit.actor import Actor, acting_as, operator
from audit.errors import NoActor, Refusal
from audit.models import LogEntry
from config.access.commands import create_person
from config.access.install import make_missing_roles, unknown_permissions
from config.access.models import User
from config.access.queries import names_of
from config.access.roles import ROLES, TABLE
from config.access.words import VERBS, WORDS
from tests.access.conftest import entries


def held(code: str) -> frozenset[str]:
    group = Group.objects.get(name=code)
    return names_of(group.permissions.select_related("content_type"))


def test_migrate_makes_every_role_with_its_permissions(db: None) -> None:
    assert unknown_permissions() == []
    assert {code: held(code) for code in ROLES} == {
        code: role.permissions for code, role in ROLES.items()
    }


def test_second_run_changes_nothing(db: None, somebody: Actor) -> None:
    before = LogEntry.objects.count()
    assert make_missing_roles() == []
    assert LogEntry.objects.count() == before


def test_role_that_is_missing_is_made_and_an_edited_one_stays(db: None, somebody: Actor) -> None:
    Group.objects.get(name="support_agent").permissions.set([])
    loyalty = Group.objects.get(name="loyalty_operator")
    loyalty.name = "a role of before"
    loyalty.save()
    assert make_missing_roles() == ["loyalty_operator"]
    assert held("loyalty_operator") == ROLES["loyalty_operator"].permissions
    assert held("support_agent") == frozenset()


def test_sync_roles_restores_what_was_edited(db: None, somebody: Actor) -> None:
    extra = Permission.objects.get(codename="view_session")
    Group.objects.get(name="auditor").permissions.set([extra])
    out = StringIO()
    call_command("sync_roles", stdout=out)
    assert held("auditor") == ROLES["auditor"].permissions
    assert "auditor" in out.getvalue()
    again = StringIO()
    call_command("sync_roles", stdout=again)
    assert again.getvalue() == "every role is as the table says\n"


def test_person_is_made_with_roles_by_an_operator(db: None) -> None:
    with acting_as(operator("test")):
        ada = create_person(email=" Ada@House.test ", name="Ada", password="x", roles=["auditor"])
    assert ada.email == "ada@house.test"
    assert [group.name for group in ada.groups.all()] == ["auditor"]
    [made] = [one for one in entries("access.user.created") if one.object_pk == str(ada.pk)]
    assert (made.actor_kind, made.actor_label) == ("operator", "test")
    assert made.object_repr == ada.reference
    assert made.changes["password"] == ["None", "•••"]


def test_person_made_twice_is_one(db: None, somebody: Actor) -> None:
    first = create_person(email="ada@house.test", roles=["auditor"])
    again = create_person(email="ADA@house.test", roles=["support_agent"])
    assert first.pk == again.pk
    assert [group.name for group in again.groups.all()] == ["auditor"]


def test_person_without_a_password_cannot_sign_in_yet(db: None, somebody: Actor) -> None:
    assert not create_person(email="ada@house.test").has_usable_password()


def test_person_with_roles_that_must_not_meet_is_refused(db: None, somebody: Actor) -> None:
    with pytest.raises(Refusal) as refused:
        create_person(email="ada@house.test", roles=["access_administrator", "support_agent"])
    assert refused.value.code == "access.toxic_roles"
    assert not User.objects.exists()


def test_unknown_role_is_refused(db: None, somebody: Actor) -> None:
    with pytest.raises(Refusal) as refused:
        create_person(email="ada@house.test", roles=["king"])
    assert refused.value.code == "access.no_such_role"


def test_nobody_is_made_by_nobody(db: None) -> None:
    with pytest.raises(NoActor):
        create_person(email="ada@house.test")


def test_what_a_role_may_is_in_words_of_ours() -> None:
    codes = {code for role in TABLE for code in role.permissions}
    known = {*WORDS, *(code for code in codes if code.partition(".")[2].partition("_")[0] in VERBS)}
    assert len(codes) > 40
    assert codes - known == set()

"""People and roles in the administration: what is given, what is refused, what is on record."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client

from audit.actor import Actor, acting_as, operator
from audit.admin import GuardedAdmin
from audit.models import LogEntry
from config.access.models import User
from tests.access.conftest import Hire, SignIn, entries, everything_on_record, only
from tests.working import deliver

PEOPLE = "/admin/access/user/"
ROLES_PAGE = "/admin/auth/group/"


def address(person: User) -> str:
    return f"{PEOPLE}{person.pk}/change/"


def group(code: str) -> Group:
    return Group.objects.get(name=code)


def shown(browser: Client, url: str) -> dict[str, Any]:
    """What the browser would send back of a form nobody touched."""
    form = browser.get(url).context["adminform"].form
    data: dict[str, Any] = {}
    for name in form.fields:
        value = form[name].value()
        if value is True:
            data[name] = "on"
        elif isinstance(value, list):
            data[name] = [str(getattr(one, "pk", one)) for one in value]
        elif value not in (None, False):
            data[name] = value
    return data


def save(browser: Client, url: str, **changed: Any) -> Any:
    return browser.post(url, {**shown(browser, url), **changed})


def errors(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.context["errors"])


@pytest.fixture
def keeper(hire: Hire) -> User:
    return hire("keeper", "access_administrator", staff=True)


@pytest.fixture
def desk(keeper: User, sign_in: SignIn) -> Client:
    """The administration, open in front of the access administrator."""
    return sign_in(keeper)


def test_role_is_given_on_record_and_acts_at_the_next_request(
    hire: Hire, sign_in: SignIn, keeper: User, desk: Client
) -> None:
    ada = hire("ada")
    hers = sign_in(ada)
    assert hers.get("/t/administrators/").status_code == 403
    answer = save(desk, address(ada), groups=[group("access_administrator").pk])
    assert answer.status_code == 302, errors(answer)
    entry = entries("access.user.changed")[-1]
    assert (entry.actor_kind, entry.actor_id) == ("user", keeper.pk)
    assert entry.changes["groups"]["operation"] == "add"
    assert entry.changes["groups"]["objects"] == ["access_administrator"]
    assert entry.command_id is not None
    assert hers.get("/t/administrators/").status_code == 200


def test_money_role_is_given_to_another_by_who_holds_no_money(hire: Hire, desk: Client) -> None:
    ada = hire("ada")
    assert save(desk, address(ada), groups=[group("finance_controller").pk]).status_code == 302
    assert ada.groups.get() == group("finance_controller")


def test_granting_and_money_in_one_hand_are_refused_with_the_reason(
    hire: Hire, desk: Client
) -> None:
    ada = hire("ada", "support_agent")
    both = [group("support_agent").pk, group("access_administrator").pk]
    assert "must not be in one hand" in errors(save(desk, address(ada), groups=both))
    refused = only("access.grant_refused")
    assert (refused.outcome, refused.object_pk) == ("denied", str(ada.pk))
    assert refused.additional_data == {"refusals": ["toxic_pair"]}


def test_forged_grant_to_oneself_is_refused(keeper: User, desk: Client) -> None:
    answer = save(desk, address(keeper), groups=[group("finance_controller").pk])
    assert "Nobody changes his own roles" in errors(answer)
    assert [one.name for one in keeper.groups.all()] == ["access_administrator"]
    assert only("access.grant_refused").additional_data == {"refusals": ["own_roles"]}


@pytest.mark.parametrize("field", ["is_superuser", "is_active", "is_staff"])
def test_forged_flag_on_oneself_is_refused(keeper: User, desk: Client, field: str) -> None:
    assert save(desk, address(keeper), **{field: "on"}).status_code == 200
    keeper.refresh_from_db()
    assert not keeper.is_superuser
    assert entries("access.grant_refused")


def test_forged_superuser_is_refused(hire: Hire, desk: Client) -> None:
    ada = hire("ada")
    assert "Only a superuser" in errors(save(desk, address(ada), is_superuser="on"))
    ada.refresh_from_db()
    assert not ada.is_superuser


def test_forged_address_of_another_is_refused(hire: Hire, desk: Client) -> None:
    ada = hire("ada", "finance_controller")
    answer = save(desk, address(ada), email="keeper+ada@house.test")
    assert "changes an address" in errors(answer)
    ada.refresh_from_db()
    assert ada.email == "ada@house.test"


def test_superuser_is_out_of_reach_of_everybody_else(hire: Hire, desk: Client) -> None:
    root = hire("root", superuser=True)
    assert desk.post(address(root), {"name": "mine now"}).status_code == 403
    assert desk.post(f"{PEOPLE}{root.pk}/reset-mail/").status_code == 403


def test_superuser_makes_a_superuser_and_changes_an_address(hire: Hire, sign_in: SignIn) -> None:
    root, ada = sign_in(hire("root", superuser=True)), hire("ada")
    answer = save(root, address(ada), is_superuser="on", email="Ada.New@house.test")
    assert answer.status_code == 302, errors(answer)
    ada.refresh_from_db()
    assert (ada.is_superuser, ada.email) == (True, "ada.new@house.test")
    assert [one.email for one in EmailAddress.objects.filter(user=ada)] == ["ada.new@house.test"]


def clerk_of(hire: Hire, *codenames: str) -> User:
    """Somebody who changes people and roles without being access administrator."""
    with acting_as(operator("test")):
        clerks = Group.objects.create(name="clerks")
        clerks.permissions.set(Permission.objects.filter(codename__in=codenames))
        clerk = hire("clerk", "auditor", staff=True)
        clerk.groups.add(clerks)
    return clerk


def test_somebody_else_gives_only_what_he_holds(hire: Hire, sign_in: SignIn) -> None:
    clerk = sign_in(clerk_of(hire, "view_user", "change_user"))
    ada = hire("ada")
    answer = save(clerk, address(ada), groups=[group("support_agent").pk])
    assert "you do not hold yourself" in errors(answer)
    assert save(clerk, address(ada), groups=[group("auditor").pk]).status_code == 302
    assert ada.groups.get() == group("auditor")


def test_new_person_gets_a_mail_to_set_a_password(desk: Client, keeper: User) -> None:
    form = {"email": "New.Person@house.test", "name": "New", "groups": [group("auditor").pk]}
    answer = desk.post(f"{PEOPLE}add/", form)
    assert answer.status_code == 302, errors(answer)
    person = User.objects.get(email="new.person@house.test")
    assert not person.has_usable_password()
    [made] = [one for one in entries("access.user.created") if one.object_pk == str(person.pk)]
    assert made.actor_id == keeper.pk
    deliver()
    assert [message.to for message in mail.outbox] == [["new.person@house.test"]]
    assert only("access.reset_mail_sent").object_pk == str(person.pk)
    assert "new.person" not in everything_on_record().lower()


def test_reset_mail_is_sent_by_a_post_alone(hire: Hire, desk: Client) -> None:
    ada = hire("ada")
    url = f"{PEOPLE}{ada.pk}/reset-mail/"
    assert desk.get(url).status_code == 405
    assert desk.post(url).status_code == 302
    deliver()
    assert len(mail.outbox) == 1


def test_no_page_shows_a_password_hash(hire: Hire, desk: Client) -> None:
    ada = hire("ada")
    page = desk.get(address(ada)).content.decode()
    assert ada.password not in page
    assert "md5$" not in page


def test_stale_form_is_refused(hire: Hire, desk: Client, somebody: Actor) -> None:
    ada = hire("ada", "auditor")
    old = shown(desk, address(ada))
    ada.name = "Ada of the rival"
    ada.save()
    answer = desk.post(address(ada), {**old, "name": "Ada of mine"})
    assert "changed this after you opened it" in errors(answer)
    ada.refresh_from_db()
    assert ada.name == "Ada of the rival"


def test_form_is_stale_when_only_a_role_changed(hire: Hire, desk: Client, somebody: Actor) -> None:
    ada = hire("ada", "auditor")
    old = shown(desk, address(ada))
    ada.groups.add(group("support_agent"))
    assert "changed this after you opened it" in errors(desk.post(address(ada), old))
    assert ada.groups.count() == 2


def test_signing_in_meanwhile_makes_no_form_stale(
    hire: Hire, sign_in: SignIn, desk: Client
) -> None:
    ada = hire("ada")
    old = shown(desk, address(ada))
    sign_in(ada)
    assert desk.post(address(ada), {**old, "name": "Ada Two"}).status_code == 302


def test_permission_of_a_role_is_changed_on_record(hire: Hire, desk: Client, keeper: User) -> None:
    agents = group("support_agent")
    url = f"{ROLES_PAGE}{agents.pk}/change/"
    kept = [one.pk for one in agents.permissions.exclude(codename="refund_payment")]
    answer = save(desk, url, permissions=kept)
    assert answer.status_code == 302, errors(answer)
    entry = entries("auth.group.changed")[-1]
    assert entry.actor_id == keeper.pk
    assert entry.changes["permissions"]["operation"] == "delete"


def test_own_role_is_not_edited(desk: Client) -> None:
    own = group("access_administrator")
    url = f"{ROLES_PAGE}{own.pk}/change/"
    refund = Permission.objects.get(codename="refund_payment")
    assert "Nobody changes his own roles" in errors(save(desk, url, permissions=[refund.pk]))
    assert refund not in own.permissions.all()


def test_permission_outside_the_table_is_no_choice(desk: Client) -> None:
    agents = group("support_agent")
    url = f"{ROLES_PAGE}{agents.pk}/change/"
    odd = Permission.objects.get(codename="delete_session")
    assert save(desk, url, permissions=[odd.pk]).status_code == 200
    assert odd not in agents.permissions.all()


def test_money_does_not_reach_a_grantor_through_his_other_role(hire: Hire, desk: Client) -> None:
    hire("ada", "access_administrator", "loyalty_operator")
    loyalty = group("loyalty_operator")
    refund = Permission.objects.get(codename="refund_payment")
    answer = save(desk, f"{ROLES_PAGE}{loyalty.pk}/change/", permissions=[refund.pk])
    assert "must not be in one hand" in errors(answer)
    assert refund not in loyalty.permissions.all()


def test_name_of_a_house_role_is_kept(desk: Client) -> None:
    agents = group("support_agent")
    answer = save(desk, f"{ROLES_PAGE}{agents.pk}/change/", name="kings")
    assert "keeps its name" in errors(answer)
    agents.refresh_from_db()
    assert agents.name == "support_agent"


@pytest.mark.parametrize("where", [PEOPLE, ROLES_PAGE])
def test_nothing_is_deleted(hire: Hire, sign_in: SignIn, where: str) -> None:
    root, ada = sign_in(hire("root", superuser=True)), hire("ada")
    row = ada.pk if where == PEOPLE else group("auditor").pk
    assert root.post(f"{where}{row}/delete/", {"post": "yes"}).status_code == 403
    root.post(where, {"action": "delete_selected", "_selected_action": [row], "post": "yes"})
    assert User.objects.filter(pk=ada.pk).exists()
    assert Group.objects.filter(name="auditor").exists()
    assert "delete" not in root.get(where).content.decode().lower()


def test_only_guarded_admin_classes_are_on_the_site() -> None:
    registered = admin.site._registry
    assert User in registered
    assert Group in registered
    assert LogEntry not in registered
    assert all(isinstance(one, GuardedAdmin) for one in registered.values())


@pytest.mark.parametrize("where", ["", "add/"])
def test_every_look_is_on_record(keeper: User, desk: Client, where: str) -> None:
    assert desk.get(f"{PEOPLE}{where}").status_code == 200
    name = "add" if where else "changelist"
    assert only(f"access.admin.access_user_{name}").actor_id == keeper.pk


def test_look_at_a_person_names_him(hire: Hire, desk: Client) -> None:
    ada = hire("ada")
    desk.get(address(ada))
    desk.get(f"{PEOPLE}{ada.pk}/history/")
    assert only("access.admin.access_user_change").object_pk == str(ada.pk)
    assert only("access.admin.access_user_history").object_pk == str(ada.pk)


def test_history_shows_our_own_log(hire: Hire, desk: Client) -> None:
    ada = hire("ada")
    save(desk, address(ada), name="Ada Two")
    page = desk.get(f"{PEOPLE}{ada.pk}/history/").content.decode()
    assert "Changed a person" in page
    assert "Ada Two" not in page


def test_agent_without_permission_sees_no_person(hire: Hire, sign_in: SignIn) -> None:
    agent = sign_in(hire("ada", "support_agent", staff=True))
    assert agent.get(PEOPLE).status_code == 403
    assert agent.get(ROLES_PAGE).status_code == 403


def test_own_password_is_changed_at_the_common_door(desk: Client) -> None:
    assert desk.get("/admin/password_change/")["Location"] == "/accounts/password/change/"


def test_person_is_signed_out_everywhere(hire: Hire, sign_in: SignIn, desk: Client) -> None:
    ada = hire("ada")
    hers = sign_in(ada)
    assert desk.post(f"{PEOPLE}{ada.pk}/end-sessions/").status_code == 302
    assert hers.get("/t/somebody/").status_code == 302
    assert only("access.session_revoked").object_pk == str(ada.pk)


def test_second_factor_is_taken_away_with_a_reason_on_record(
    hire: Hire, desk: Client, keeper: User, somebody: Actor
) -> None:
    ada = hire("ada")
    Authenticator.objects.create(user=ada, type="totp", data={"secret": "sealed"})
    url = f"{PEOPLE}{ada.pk}/remove-factor/"
    desk.post(url)
    desk.post(url, {"why": "because"})
    assert Authenticator.objects.filter(user=ada).exists()
    desk.post(url, {"why": "lost"})
    assert not Authenticator.objects.filter(user=ada).exists()
    entry = only("access.factor_taken_away")
    assert (entry.actor_id, entry.additional_data) == (keeper.pk, {"reason": "lost"})


def test_nobody_helps_himself(keeper: User, desk: Client) -> None:
    for act in ("remove-factor", "end-sessions", "reset-mail"):
        assert desk.post(f"{PEOPLE}{keeper.pk}/{act}/", {"why": "lost"}).status_code == 403

"""Who gets through which door, as whom, and at what cost."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from audit.actor import Actor, ActorKind
from audit.errors import KernelError
from audit.gate import requires
from audit.models import LogEntry
from config.access import snapshot
from config.access.models import User
from config.access.roles import ROLES
from tests.access.conftest import Hire, SignIn


def test_visitor_is_led_to_the_sign_in_and_back(db: None) -> None:
    answer = Client().get("/t/somebody/?tab=2")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=%2Ft%2Fsomebody%2F%3Ftab%3D2"


def test_visitor_who_asks_for_no_page_is_told_401(db: None) -> None:
    assert Client().get("/t/somebody/", headers={"accept": "application/json"}).status_code == 401


def test_part_of_a_page_sends_the_whole_page_to_the_sign_in(db: None) -> None:
    answer = Client().get("/t/somebody/", headers={"hx-request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/accounts/login/")


def test_open_view_is_open_to_a_visitor_and_costs_no_query(db: None) -> None:
    Client().get("/t/open/")
    with CaptureQueriesContext(connection) as queries:
        answer = Client().get("/t/open/")
    assert answer.content == b"visitor visitor 127.0.0.1 "
    assert [one["sql"] for one in queries if not one["sql"].startswith("INSERT")] == []


def test_view_that_says_nothing_opens_to_nobody(hire: Hire, sign_in: SignIn) -> None:
    root = sign_in(hire("root", superuser=True))
    with pytest.raises(KernelError, match="does not say who may open it"):
        root.get("/t/undeclared/")


@pytest.mark.parametrize("address", ["/t/administrators/", "/t/class/"])
def test_missing_permission_is_403_and_on_record(hire: Hire, sign_in: SignIn, address: str) -> None:
    agent = hire("ada", "support_agent")
    assert sign_in(agent).get(address).status_code == 403
    denied = LogEntry.objects.get(outcome="denied")
    assert denied.actor_id == agent.pk


@pytest.mark.parametrize("address", ["/t/administrators/", "/t/class/"])
def test_permission_opens_the_view(hire: Hire, sign_in: SignIn, address: str) -> None:
    keeper = sign_in(hire("ada", "access_administrator"))
    answer = keeper.get(address)
    assert answer.status_code == 200
    assert b"access_administrator" in answer.content


def test_signed_in_person_costs_three_queries(hire: Hire, sign_in: SignIn) -> None:
    browser = sign_in(hire("ada", "support_agent", "auditor"))
    browser.get("/t/somebody/")
    with CaptureQueriesContext(connection) as queries:
        browser.get("/t/somebody/")
    reads = [one["sql"] for one in queries if one["sql"].startswith("SELECT")]
    assert len(reads) == 3, reads


def test_role_taken_away_is_gone_at_the_next_request(
    hire: Hire, sign_in: SignIn, somebody: Actor
) -> None:
    keeper = hire("ada", "access_administrator")
    browser = sign_in(keeper)
    assert browser.get("/t/administrators/").status_code == 200
    keeper.groups.remove(Group.objects.get(name="access_administrator"))
    assert browser.get("/t/administrators/").status_code == 403


def test_actor_and_user_agree_on_every_permission(hire: Hire) -> None:
    ada = hire("ada", "support_lead")
    actor = snapshot.person(ada)
    assert actor.kind is ActorKind.USER
    assert actor.permissions
    assert ada.get_all_permissions() == set(actor.permissions)
    assert all(ada.has_perm(name) for name in actor.permissions)
    assert not ada.has_perm("access.change_user")


def test_permissions_come_from_roles_alone_also_when_django_is_asked_first(hire: Hire) -> None:
    ada = hire("ada", "auditor")
    fresh = User.objects.get(pk=ada.pk)
    assert fresh.get_all_permissions() == set(ROLES["auditor"].permissions)


def test_asking_again_after_the_snapshot_costs_nothing(
    hire: Hire, django_assert_num_queries: Any
) -> None:
    ada = User.objects.get(pk=hire("ada", "auditor").pk)
    snapshot.person(ada)
    with django_assert_num_queries(0):
        assert ada.has_perm("audit.view_logentry")


def test_superuser_holds_every_permission(hire: Hire) -> None:
    actor = snapshot.person(hire("root", superuser=True))
    assert actor.may("access.assign_role")
    assert actor.roles == ("superuser",)


@pytest.mark.parametrize(
    ("count", "forwarded", "seen"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.7, 203.0.113.9", "198.51.100.7"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "not an address", None),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_address_is_what_our_own_proxies_tell(
    settings: pytest.FixtureRequest, count: int, forwarded: str, seen: str | None
) -> None:
    settings.TRUSTED_PROXY_COUNT = count  # type: ignore[attr-defined]
    request = RequestFactory().get(
        "/", REMOTE_ADDR="192.0.2.1", headers={"x-forwarded-for": forwarded}
    )
    assert snapshot.client_address(request) == seen


def test_gate_without_a_permission_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="say which permission"):
        requires()
    with pytest.raises(TypeError, match=r"is not app\.codename"):
        requires("view_payment")


def test_admin_asks_for_a_second_factor_where_the_house_demands_it(
    hire: Hire, sign_in: SignIn, settings: pytest.FixtureRequest
) -> None:
    settings.ADMIN_REQUIRES_MFA = True  # type: ignore[attr-defined]
    keeper = sign_in(hire("ada", "access_administrator", staff=True))
    assert keeper.get("/admin/")["Location"] == "/session/second-factor/?next=%2Fadmin%2F"
    settings.ADMIN_REQUIRES_MFA = False  # type: ignore[attr-defined]
    assert keeper.get("/admin/").status_code == 200


def test_admin_is_entered_through_the_one_door(hire: Hire, sign_in: SignIn) -> None:
    assert Client().get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    door = Client().get("/admin/login/?next=/admin/")
    assert door["Location"].startswith("/accounts/login/?next=")
    assert sign_in(hire("ada", "auditor")).get("/admin/", follow=True).status_code == 403

"""Who may do what, on one page; a person's sum; the desk as a role sees it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from audit.actor import acting_as, operator
from config.access.models import User
from config.access.queries import list_roles
from config.access.roles import TABLE
from config.desk.pages import PAGES, PARTS
from config.desk.preview import list_gates
from tests.access.conftest import Hire, SignIn, entries, only

MATRIX = "/roles/"


@pytest.fixture(autouse=True)
def _house_alone(settings: Settings) -> None:
    settings.ROOT_URLCONF = "config.urls"


@pytest.fixture
def keeper(hire: Hire) -> User:
    return hire("keeper", "access_administrator")


@pytest.fixture
def desk(keeper: User) -> Client:
    browser = Client()
    with acting_as(operator("test")):
        browser.force_login(keeper)
    return browser


def change(role: str, *, give: str = "", take: str = "") -> Group:
    group = Group.objects.get(name=role)
    with acting_as(operator("test")):
        if give:
            group.permissions.add(Permission.objects.get(codename=give))
        if take:
            group.permissions.remove(Permission.objects.get(codename=take))
    return group


def cells(page: str, words: str) -> list[str]:
    """How each role stands to a permission, column by column."""
    row = re.search(rf"<th scope=\"row\"[^>]*>{words}</th>(.*?)</tr>", page, re.DOTALL)
    assert row is not None, words
    return re.findall(r"<td ?(?:data-stands=\"(\w+)\")?\s*>", row[1])


def test_matrix_says_what_the_database_has(desk: Client) -> None:
    page = desk.get(MATRIX).content.decode()
    held = ["held" if "payments.refund_payment" in one.permissions else "" for one in TABLE]
    assert cells(page, "Refund a payment") == held
    assert "Not as the house made them" not in page
    assert only("access.access.matrix").outcome == "done"


def test_difference_to_the_table_is_marked(desk: Client) -> None:
    change("auditor", give="reveal_customer")
    change("support_agent", take="refund_payment")
    page = desk.get(MATRIX).content.decode()
    columns = [one.code for one in TABLE]
    assert cells(page, "Reveal a customer&#x27;s details")[columns.index("auditor")] == "added"
    assert cells(page, "Refund a payment")[columns.index("support_agent")] == "taken"
    assert "Not as the house made them" in page
    differing = [one.group.name for one in list_roles() if one.differs]
    assert differing == ["support_agent", "auditor"]


def test_role_of_an_administrators_own_stands_behind_those_of_the_house(desk: Client) -> None:
    with acting_as(operator("test")):
        Group.objects.create(name="night shift")
    change("night shift", give="view_payment")
    roles = list_roles()
    assert [one.group.name for one in roles] == [*(one.code for one in TABLE), "night shift"]
    assert not roles[-1].differs
    assert "Night shift" in desk.get(MATRIX).content.decode()


def test_matrix_costs_few_queries(desk: Client) -> None:
    desk.get(MATRIX)
    with CaptureQueriesContext(connection) as queries:
        desk.get(MATRIX)
    assert len(queries) <= 12, [one["sql"] for one in queries]


@pytest.mark.parametrize(
    "role", [one.code for one in TABLE if "auth.view_group" not in one.permissions]
)
def test_matrix_is_for_who_may_see_roles(hire: Hire, sign_in: SignIn, role: str) -> None:
    browser = Client()
    with acting_as(operator("test")):
        browser.force_login(hire("ada", role))
    group = Group.objects.get(name=role)
    for address in (MATRIX, f"/roles/{group.pk}/preview/"):
        assert browser.get(address).status_code == 403


def test_person_is_shown_with_what_each_role_gives(desk: Client, hire: Hire) -> None:
    ada = hire("ada", "support_lead", "auditor")
    page = desk.get(f"/roles/people/{ada.pk}/").content.decode()
    assert "Decide on another person&#x27;s refund" in page
    assert "Read the log" in page
    assert "Give and take roles" not in page
    assert only("access.access.person").object_pk == str(ada.pk)
    assert desk.get("/roles/people/00000000-0000-0000-0000-000000000000/").status_code == 404


def preview(browser: Client, role: str) -> Any:
    return browser.get(f"/roles/{Group.objects.get(name=role).pk}/preview/")


def test_preview_shows_the_menu_and_the_pages_of_the_role(desk: Client) -> None:
    answer = preview(desk, "support_agent")
    menu = [str(one.label) for one in answer.context["menu"]]
    assert {"Home", "Payments", "Approvals"} <= set(menu)
    assert not {"Log", "Administration", "Roles"} & set(menu)
    opens = {str(one.words) for one in answer.context["opens"]}
    shut = {str(one.words): one.missing for one in answer.context["shut"]}
    assert "Refund of a payment" in opens
    assert shut["Log"] == "Read the log"
    assert not opens & set(shut)


def test_preview_belongs_to_the_roles_of_the_menu(desk: Client) -> None:
    links = preview(desk, "support_agent").context["navigation"]()
    assert [str(link.label) for link in links if link.is_current] == ["Roles"]


def test_every_page_behind_a_gate_has_a_name() -> None:
    behind = {name for name, _gate in list_gates()}
    assert behind - PAGES.keys() - PARTS == set()
    assert (PAGES.keys() | PARTS) - behind == set()
    assert PAGES.keys() & PARTS == set()
    assert len({str(one) for one in PAGES.values()}) == len(PAGES)


@pytest.mark.parametrize("role", [one.code for one in TABLE])
def test_preview_is_what_the_role_really_gets(desk: Client, hire: Hire, role: str) -> None:
    from config.desk.context import menu_of

    person = hire("ada", role)
    shown = [str(one.label) for one in preview(desk, role).context["menu"]]
    assert shown == [str(one.label) for one in menu_of(User.objects.get(pk=person.pk))]


def test_preview_changes_nothing_and_raises_no_right(desk: Client, keeper: User) -> None:
    before = desk.session.items()
    answer = preview(desk, "finance_controller")
    assert answer.status_code == 200
    assert desk.session.items() == before
    assert desk.get("/payments/").status_code == 403
    group = Group.objects.get(name="finance_controller")
    assert desk.post(f"/roles/{group.pk}/preview/").status_code == 405
    entry = only("access.desk.role_preview")
    assert (entry.actor_id, entry.object_pk) == (keeper.pk, str(group.pk))
    assert entry.actor_roles == ["access_administrator"]
    page = answer.content.decode().partition('<main id="content"')[2].partition("</main>")[0]
    assert re.findall(r'<form method="post" action="([^"]+)"', page) == [
        f"/roles/{group.pk}/walks/new/"
    ]


def act(browser: Client, person: User, name: str, **sent: str) -> Any:
    return browser.post(f"/admin/access/user/{person.pk}/{name}/", sent)


def test_account_is_shut_with_a_reason_and_its_sessions_end(desk: Client, hire: Hire) -> None:
    ada = hire("ada", "auditor")
    hers = Client()
    hers.post("/accounts/login/", {"login": ada.email, "password": "quiet harbour 41 lanterns"})
    assert hers.get("/log/").status_code == 200
    assert act(desk, ada, "deactivate", why="left").status_code == 302
    ada.refresh_from_db()
    assert not ada.is_active
    assert hers.get("/log/").status_code == 302
    assert only("access.user.deactivated").changes["is_active"] == ["True", "False"]
    assert only("access.account_reason").additional_data["reason"] == "left"
    assert act(desk, ada, "activate", why="back").status_code == 302
    ada.refresh_from_db()
    assert ada.is_active


@pytest.mark.parametrize("why", ["", "because", "left\x00", "x" * 5_000])
def test_account_is_not_shut_without_a_reason(desk: Client, hire: Hire, why: str) -> None:
    ada = hire("ada", "auditor")
    act(desk, ada, "deactivate", why=why)
    ada.refresh_from_db()
    assert ada.is_active
    assert entries("access.user.deactivated") == []


def test_nobody_shuts_his_own_account_nor_a_superusers(
    desk: Client, keeper: User, hire: Hire
) -> None:
    root = hire("root", superuser=True)
    for person in (keeper, root):
        assert act(desk, person, "deactivate", why="left").status_code == 403
        person.refresh_from_db()
        assert person.is_active


@pytest.mark.parametrize("term", ["", "U-", "'", "\x00", "x" * 500, "U-ZZ"])
def test_search_for_a_person_stumbles_over_nothing(desk: Client, term: str) -> None:
    assert desk.get("/admin/access/user/", {"q": term}).status_code in (200, 302)


def test_person_is_found_by_reference(desk: Client, hire: Hire) -> None:
    ada = hire("ada")
    found = desk.get("/admin/access/user/", {"q": ada.reference}).context["cl"].result_list
    assert [one.pk for one in found] == [ada.pk]


def test_history_says_what_was_before_and_after(desk: Client, hire: Hire) -> None:
    ada = hire("ada", "auditor")
    act(desk, ada, "deactivate", why="left")
    page = desk.get(f"/admin/access/user/{ada.pk}/history/").content.decode()
    assert "Shut an account" in page
    assert "→" in page

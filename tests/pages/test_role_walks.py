"""The desk seen as a role: never more than one's own, nothing done, every look on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import LogEntry
from config.access.walks import TOLD, WAYS_OUT
from payments.models import Refund
from tests.pages.conftest import SUPERUSER, Enter, House
from tests.pages.test_matrix import (
    MAY_BE_WRITTEN,
    ROWS,
    WRITE,
    afterwards_as_before,
    sign_of,
    url_of,
)
from tests.payments.pages import words_of

BY_SYSTEMS = ("api:", "gateways:webhook", "health:", "set_language")
LOOKS = [
    row.name
    for row in ROWS
    if row.method == "GET" and not row.name.startswith((*BY_SYSTEMS, "account_", "mfa_"))
]
POSTS = [row.name for row in ROWS if row.method == "POST" and not row.name.startswith(BY_SYSTEMS)]


def walk(browser: Client, role: str) -> Client:
    group = Group.objects.get(name=role)
    answer = browser.post(f"/roles/{group.pk}/walks/new/")
    assert answer["Location"] == "/"
    return browser


def test_superuser_sees_the_desk_of_an_agent(house: House, enter: Enter) -> None:
    browser = walk(enter(SUPERUSER), "support_agent")
    home = browser.get("/").content.decode()
    assert "You see the desk as “support agent”." in home
    assert "Approvals" in home
    assert 'href="/log/"' not in home
    page = browser.get(url_of("payments:detail", house))
    assert "Refund" in words_of(page)
    assert "Your role does not capture payments." in words_of(page)
    assert browser.get(url_of("payments:refund_new", house)).status_code == 200
    assert browser.get(url_of("payments:capture_new", house)).status_code == 403
    assert browser.get("/admin/").status_code == 302


def test_limit_is_that_of_the_role(house: House, enter: Enter) -> None:
    browser = walk(enter(SUPERUSER), "support_lead")
    page = words_of(browser.get(url_of("payments:refund_new", house)))
    assert "500.00" in page


def test_right_of_the_role_is_told_and_its_page_stays_shut_to_who_has_it_not(
    house: House, enter: Enter
) -> None:
    browser = walk(enter("auditor"), "support_agent")
    page = browser.get(url_of("payments:detail", house))
    assert "Your role does not refund payments." not in words_of(page)
    assert "Your role does not capture payments." in words_of(page)
    assert browser.get(url_of("payments:refund_new", house)).status_code == 403


@pytest.mark.parametrize("who", ["auditor", "access_administrator"])
@pytest.mark.parametrize("role", ["support_lead", "finance_controller", "privacy_officer"])
def test_walk_opens_nothing_that_is_shut_to_oneself(
    house: House, enter: Enter, who: str, role: str
) -> None:
    browser = enter(who)
    own = {name: sign_of(browser.get(url_of(name, house))) for name in LOOKS}
    walk(browser, role)
    opened = [
        name
        for name in LOOKS
        if own[name] == "x" and sign_of(browser.get(url_of(name, house))) not in ("x", "s", "4")
    ]
    assert opened == []


def test_role_that_may_do_more_shows_no_more(house: House, enter: Enter) -> None:
    """What is lent to be told about is in no case a right to see."""
    assert not [one for one in TOLD if one.partition(".")[2].startswith(("view_", "reveal_"))]
    browser = walk(enter("access_administrator"), "support_lead")
    page = browser.get("/").content.decode()
    assert house.payment.reference not in page
    assert "The role sees more than you may see yourself" in page


def test_nothing_is_done_in_a_walk(house: House, enter: Enter) -> None:
    browser = walk(enter(SUPERUSER), "finance_controller")
    ticket = {name: cookie.value for name, cookie in browser.cookies.items()}
    wrong = []
    for name in POSTS:
        if name in WAYS_OUT:
            continue
        browser.cookies.load(ticket)
        with afterwards_as_before(), CaptureQueriesContext(connection) as queries:
            answer = browser.post(url_of(name, house))
        written = {table for one in queries for table in WRITE.findall(one["sql"])}
        if written - MAY_BE_WRITTEN or answer.status_code not in (204, 403):
            wrong.append(f"{name}: {answer.status_code} {sorted(written - MAY_BE_WRITTEN)}")
    assert wrong == []


def test_refund_in_a_walk_is_refused_in_words(house: House, enter: Enter) -> None:
    browser = walk(enter(SUPERUSER), "support_lead")
    before = Refund.objects.count()
    answer = browser.post(url_of("payments:refund_new", house), {"amount": "1.00"})
    assert answer.status_code == 403
    assert "nothing can be done here" in answer.content.decode()
    assert Refund.objects.count() == before


def test_every_look_is_on_record_as_the_person_s_own(house: House, enter: Enter) -> None:
    browser = walk(enter("auditor"), "support_agent")
    browser.get(url_of("payments:detail", house))
    began = LogEntry.objects.get(event="access.walk.began")
    look = LogEntry.objects.get(event="access.payments.detail")
    assert look.actor_id == began.actor_id
    assert look.purpose == "seen as the role support_agent"
    assert began.object_repr == "support_agent"


def test_walk_is_ended_and_all_is_as_before(house: House, enter: Enter) -> None:
    browser = walk(enter(SUPERUSER), "support_agent")
    group = Group.objects.get(name="support_agent")
    assert browser.post("/roles/walk/end/")["Location"] == f"/roles/{group.pk}/preview/"
    assert "You see the desk as" not in browser.get("/").content.decode()
    assert browser.get("/log/").status_code == 200
    assert LogEntry.objects.filter(event="access.walk.ended").count() == 1
    assert browser.post("/roles/walk/end/")["Location"] == "/"
    assert LogEntry.objects.filter(event="access.walk.ended").count() == 1


def test_walk_is_over_when_the_right_to_it_is_gone(house: House, enter: Enter) -> None:
    from audit.actor import acting_as, operator

    browser = walk(enter("auditor"), "support_agent")
    with acting_as(operator("test")):
        group: Any = Group.objects.get(name="auditor")
        group.permissions.remove(group.permissions.get(codename="view_group"))
    assert "You see the desk as" not in browser.get("/").content.decode()


def test_who_may_not_look_at_roles_does_not_walk(house: House, enter: Enter) -> None:
    browser = enter("support_lead")
    group = Group.objects.get(name="support_agent")
    assert browser.post(f"/roles/{group.pk}/walks/new/").status_code == 403
    assert browser.post("/roles/99999/walks/new/").status_code == 403

"""An administrator and a rival at the same row: the request runs again, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client

from audit import guard
from audit.actor import acting_as, operator
from audit.models import LogEntry
from config.access.commands import create_person
from config.access.models import User
from tests.access.test_admin import address, shown

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def interfering(rival: BaseDatabaseWrapper, sql: str, params: list[Any]) -> Iterator[list[str]]:
    """Just before our UPDATE of a person, once: the rival's own, committed."""
    met: list[str] = []

    def wrapper(
        execute: Callable[..., Any], ours: str, given: Any, many: bool, context: Any
    ) -> Any:
        if ours.startswith('UPDATE "access_user"'):
            met.append(ours)
            if len(met) == 1:
                with guard.suspended(), rival.cursor() as cursor:
                    cursor.execute(sql, params)
        return execute(ours, given, many, context)

    with connection.execute_wrapper(wrapper):
        yield met


@pytest.fixture
def ada() -> User:
    cache.clear()
    with acting_as(operator("test")):
        return create_person(email="ada@house.test", name="Ada", roles=["auditor"])


@pytest.fixture
def desk() -> Client:
    with acting_as(operator("test")):
        keeper = create_person(
            email="keeper@house.test", password="quiet harbour 41", roles=["access_administrator"]
        )
        browser = Client()
        browser.force_login(keeper)
    return browser


def test_a_save_that_meets_a_conflict_is_done_once_and_told_once(
    rival: BaseDatabaseWrapper, ada: User, desk: Client
) -> None:
    data = {**shown(desk, address(ada)), "name": "Ada L."}
    harmless = "UPDATE access_user SET name = name WHERE id = %s"
    with interfering(rival, harmless, [ada.pk]) as met:
        answer = desk.post(address(ada), data)
    assert len(met) == 2, "the first met the rival, the second went through"
    assert answer.status_code == 302
    ada.refresh_from_db()
    assert ada.name == "Ada L."
    changes = LogEntry.objects.filter(event="access.user.changed", actor_kind="user")
    assert changes.filter(object_pk=str(ada.pk)).count() == 1
    page = desk.get("/admin/access/user/")
    assert len(list(page.context["messages"])) == 1


def test_a_rival_s_change_is_not_overwritten_by_the_replay_of_a_stale_form(
    rival: BaseDatabaseWrapper, ada: User, desk: Client
) -> None:
    data = {**shown(desk, address(ada)), "name": "Ada L."}
    with interfering(rival, "UPDATE access_user SET name = 'Rival' WHERE id = %s", [ada.pk]):
        answer = desk.post(address(ada), data)
    assert answer.status_code == 200, "the form comes back and says so"
    ada.refresh_from_db()
    assert ada.name == "Rival"

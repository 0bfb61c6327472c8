"""A view is kept for oneself or one's team, changed by whose it is, and comes back when removed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from audit.actor import acting_as, system
from audit.errors import Kind, Refusal
from audit.lists.commands import (
    change_view,
    choose_columns,
    remove_view,
    rename_view,
    restore_view,
    save_view,
    tidy_views,
)
from audit.lists.models import ChosenColumns, SavedView
from audit.models import LogEntry
from config.access.models import User
from tests.audit.people import as_actor, hire

pytestmark = pytest.mark.django_db
CARD = "4000 0566 " + "5566 5556"


@pytest.fixture
def ada() -> User:
    return hire("Ada Lund", "support_agent")


@pytest.fixture
def ben() -> User:
    return hire("Ben Roth", "support_agent")


@pytest.fixture
def eve() -> User:
    return hire("Eve Noll", "auditor")


def save(person: User, **given: Any) -> SavedView:
    with acting_as(as_actor(person)):
        return save_view(
            **{
                "list_code": "payments",
                "name": "Failed today",
                "query": "state=failed",
                "columns": ["reference", "decline"],
                "key": uuid.uuid4().hex,
                **given,
            }
        )


def test_view_keeps_what_it_was_given_and_its_name_is_not_in_the_log(ada: User) -> None:
    view = SavedView.objects.get(pk=save(ada).pk)
    assert (view.name, view.query) == ("Failed today", "state=failed")
    assert view.columns == ["reference", "decline"]
    assert (view.owner_id, view.role, view.removed_at) == (ada.pk, "", None)
    entry = LogEntry.objects.get(event="lists.view.saved")
    assert entry.object_pk == str(view.pk)
    assert "Failed today" not in str(vars(entry))


def test_view_saved_twice_with_one_key_is_one_view(ada: User) -> None:
    first, second = save(ada, key="k"), save(ada, key="k")
    assert first.pk == second.pk
    with pytest.raises(Refusal) as refused:
        save(ada, key="k", name="Other")
    assert refused.value.code == "key_reused"


def test_hundred_views_are_fine_and_names_may_repeat(ada: User) -> None:
    for _ in range(100):
        save(ada)
    assert SavedView.objects.count() == 100


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": ""}, "text_missing"),
        ({"name": "\N{NO-BREAK SPACE} "}, "text_missing"),
        ({"name": "x" * 61}, "text_too_long"),
        ({"name": "x" * 10_000}, "text_too_long"),
        ({"name": "a\x00b"}, "text_unreadable"),
        ({"name": f"of {CARD}"}, "card_number"),
        ({"query": f"reference={CARD}"}, "card_number"),
        ({"query": "state=failed&" * 1000}, "query_too_long"),
        ({"role": "support_lead"}, "not_your_team"),
        ({"role": "nobody"}, "not_your_team"),
    ],
)
def test_view_that_cannot_be_kept_is_refused(ada: User, given: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        save(ada, **given)
    assert refused.value.code == code
    assert not SavedView.objects.exists()


def test_only_people_keep_views() -> None:
    with acting_as(system("test")), pytest.raises(Refusal) as refused:
        save_view(list_code="payments", name="x", query="", columns=[], key="k")
    assert refused.value.kind is Kind.FORBIDDEN


CHANGES: dict[str, Callable[[uuid.UUID], Any]] = {
    "rename": lambda pk: rename_view(view_id=pk, name="Other"),
    "change": lambda pk: change_view(view_id=pk, query="", columns=[]),
    "remove": lambda pk: remove_view(view_id=pk),
    "restore": lambda pk: restore_view(view_id=pk),
}


@pytest.mark.parametrize("change", CHANGES)
def test_view_is_changed_by_whose_it_is_and_nobody_else(
    ada: User, ben: User, eve: User, change: str
) -> None:
    mine, teams = save(ada), save(ada, role="support_agent")
    for person, view in ((ada, mine), (ada, teams), (ben, teams)):
        with acting_as(as_actor(person)):
            CHANGES[change](view.pk)
    for person, view in ((ben, mine), (eve, mine), (eve, teams)):
        with acting_as(as_actor(person)), pytest.raises(Refusal) as refused:
            CHANGES[change](view.pk)
        assert refused.value.code == "view_missing"


def test_removed_view_comes_back_until_it_is_tidied(ada: User) -> None:
    view = save(ada)
    with acting_as(as_actor(ada)):
        remove_view(view_id=view.pk)
        assert remove_view(view_id=view.pk).removed_at is not None
        restore_view(view_id=view.pk)
        assert restore_view(view_id=view.pk).removed_at is None
        remove_view(view_id=view.pk)
    for days, left in ((29, 1), (31, 0)):
        with acting_as(system("test")), clock.at(clock.now() + timedelta(days=days)):
            tidy_views()
        assert SavedView.objects.count() == left


def test_columns_are_remembered_for_each_person(ada: User, ben: User) -> None:
    with acting_as(as_actor(ada)):
        choose_columns(list_code="payments", columns=["reference", "card"])
        choose_columns(list_code="payments", columns=["reference", "email"])
    with acting_as(as_actor(ben)):
        choose_columns(list_code="payments", columns=["reference"])
    kept = {one.owner_id: one.columns for one in ChosenColumns.objects.all()}
    assert kept == {ada.pk: ["reference", "email"], ben.pk: ["reference"]}

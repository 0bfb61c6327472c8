"""The registry of what needs a person: one statement however many needs, the oldest first, capped."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import guard, needs
from audit.actor import Actor, ActorKind
from audit.needs import MOST, SHOWN, Need, collect, shaped
from audit.outbox.models import Message

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOMEBODY = Actor(ActorKind.USER, "U-1", uuid.uuid4(), permissions=frozenset({"toys.look"}))


@pytest.fixture(autouse=True)
def _empty_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "registry", {})


def put(count: int, task: str) -> list[Message]:
    rows = [
        Message(
            task=f"{task}{number}",
            kwargs={},
            next_at=NOW,
            made_at=NOW - timedelta(hours=number),
            command_id=uuid.uuid4(),
            request_id=task,
        )
        for number in range(count)
    ]
    with guard.suspended():
        Message.objects.bulk_create(rows)
    return rows


def need(code: str, *permissions: str, **given: Any) -> Need:
    def rows(_actor: Actor, _now: datetime, _is_live: bool) -> list[Any]:
        return [shaped(Message.objects.filter(request_id=code), words="task", since="made_at")]

    return Need(code, code, "bell", permissions, rows, lambda pk: f"/{pk}/", **given)


def test_nothing_is_asked_where_nothing_is_registered() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert collect(SOMEBODY, NOW, is_live=False) == []
    assert len(queries) == 0


def test_all_needs_are_read_by_one_statement_in_the_order_of_the_registry() -> None:
    for code in ("a", "b", "c"):
        needs.register(need(code))
        put(2, code)
    with CaptureQueriesContext(connection) as queries:
        piles = collect(SOMEBODY, NOW, is_live=False)
    assert len(queries) == 1
    assert [(pile.need.code, pile.count) for pile in piles] == [("a", 2), ("b", 2), ("c", 2)]


def test_rows_are_the_oldest_first_and_lead_to_their_page() -> None:
    needs.register(need("a"))
    rows = put(3, "a")
    (pile,) = collect(SOMEBODY, NOW, is_live=False)
    assert [row.words for row in pile.rows] == ["a2", "a1", "a0"]
    assert pile.rows[0].url == f"/{rows[2].pk}/"
    assert pile.rows[0].since == rows[2].made_at
    assert (pile.rows[0].minor, pile.rows[0].currency) == (0, "")


@pytest.mark.parametrize(
    ("there", "count", "is_capped"),
    [(SHOWN, SHOWN, False), (MOST, MOST, False), (MOST + 1, MOST, True), (MOST + 9, MOST, True)],
)
def test_count_is_capped_and_few_rows_are_shown(there: int, count: int, is_capped: bool) -> None:
    needs.register(need("a"))
    put(there, "a")
    (pile,) = collect(SOMEBODY, NOW, is_live=False)
    assert (pile.count, pile.is_capped, len(pile.rows)) == (count, is_capped, SHOWN)
    assert pile.rows[0].words == f"a{there - 1}"


def test_need_without_rows_is_left_out() -> None:
    needs.register(need("a"))
    needs.register(need("b"))
    put(1, "b")
    assert [pile.need.code for pile in collect(SOMEBODY, NOW, is_live=False)] == ["b"]


def test_need_is_for_who_holds_all_its_permissions() -> None:
    put(1, "open")
    put(1, "shut")
    needs.register(need("open", "toys.look"))
    needs.register(need("shut", "toys.look", "toys.touch"))
    assert [pile.need.code for pile in collect(SOMEBODY, NOW, is_live=False)] == ["open"]

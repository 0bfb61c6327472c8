"""The two nets under the kernel: managers that explain, and a wrapper that sees everything."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from audit import guard
from audit.actor import Actor
from audit.command import command
from audit.errors import WriteBlocked
from audit.models import LogEntry
from audit.work import Work
from tests.audit.toys.models import Box, Toy

pytestmark = pytest.mark.django_db


@pytest.fixture
def toy(somebody: Actor) -> Toy:
    made = Toy(key=uuid.uuid4().hex, fingerprint="", name="bear", box=Box(label="chest"))

    @command("toys.toy.made")
    def make(work: Work) -> None:
        assert made.box is not None
        work.add(made.box, made)

    make()
    return made


def raw(sql: str) -> Callable[[Toy], object]:
    def run(toy: Toy) -> object:
        with connection.cursor() as cursor:
            return cursor.execute(sql)

    return run


WAYS: dict[str, Callable[[Toy], object]] = {
    "save": lambda toy: toy.save(),
    "delete": lambda toy: toy.delete(),
    "create": lambda _: Box.objects.create(label="new"),
    "get_or_create": lambda _: Box.objects.get_or_create(label="new"),
    "update_or_create": lambda _: Box.objects.update_or_create(label="new"),
    "update": lambda _: Toy.objects.update(count=1),
    "queryset delete": lambda _: Toy.objects.all().delete(),
    "raw delete": lambda _: Toy.objects.all()._raw_delete("default"),
    "bulk_create": lambda _: Box.objects.bulk_create([Box(label="new")]),
    "bulk_update": lambda toy: Toy.objects.bulk_update([toy], ["count"]),
    "base manager": lambda _: Toy._base_manager.update(count=1),
    "related create": lambda toy: toy.box and toy.box.toy_set.create(name="x", key="x"),
    "related update": lambda toy: toy.box and toy.box.toy_set.update(count=2),
    "raw update": raw("UPDATE toys_toy SET count = 1"),
    "raw insert": raw("INSERT INTO toys_box (id, label) VALUES ('x', 'y')"),
    "raw lower case": raw('delete from "toys_toy"'),
    "raw behind a WITH": raw("WITH x AS (SELECT 1) DELETE FROM toys_toy"),
    "raw log update": raw("UPDATE audit_logentry SET event = 'x'"),
    "raw log delete": raw("DELETE FROM audit_logentry"),
    "log delete": lambda _: LogEntry.objects.all().delete(),
    "log update": lambda _: LogEntry.objects.update(event="x"),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_past_the_kernel_writes(way: str, toy: Toy, nothing_was_blocked: list[str]) -> None:
    before = list(Toy.objects.values()), list(Box.objects.values()), LogEntry.objects.count()
    with pytest.raises(WriteBlocked), transaction.atomic():
        WAYS[way](toy)
    nothing_was_blocked.clear()
    assert before == (
        list(Toy.objects.values()),
        list(Box.objects.values()),
        LogEntry.objects.count(),
    )


def test_a_blocked_write_is_remembered_even_when_its_error_is_swallowed(
    toy: Toy, nothing_was_blocked: list[str]
) -> None:
    with pytest.raises(WriteBlocked), transaction.atomic():
        toy.save()
    assert nothing_was_blocked
    nothing_was_blocked.clear()


def test_a_log_entry_cannot_be_deleted(toy: Toy) -> None:
    with pytest.raises(PermissionError):
        LogEntry.objects.earliest().delete()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM toys_toy FOR UPDATE",
        'INSERT INTO "django_session" ("x") VALUES (1)',
        'UPDATE "shared_cache" SET value = 1',
        "SAVEPOINT x",
        'INSERT INTO "audit_logentry" ("id") VALUES (1)',
    ],
)
def test_what_is_nobodys_business_passes(sql: str) -> None:
    guard.check_statement(sql)


def test_every_table_of_ours_is_guarded() -> None:
    from django.apps import apps

    from audit.owned import OwnedModel

    free = {
        model._meta.label
        for model in apps.get_models()
        if model._meta.db_table not in guard.owned | guard.netted | guard.insert_only
    }
    ours = {"audit", "payments", "disputes", "config", "tests"}
    assert {
        label
        for label in free
        for model in [apps.get_model(label)]
        if model.__module__.split(".")[0] in ours
    } == set()
    assert all(
        issubclass(m, OwnedModel) for m in apps.get_models() if m._meta.db_table in guard.owned
    )

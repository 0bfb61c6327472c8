"""The log is sealed as it grows, and whoever touches a sealed entry is found out."""

from __future__ import annotations

import io
import json
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DataError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from audit import chain, guard, log, scan, sealing
from audit.actor import Actor, acting_as, system
from audit.errors import WriteBlocked
from audit.models import LogEntry, Seal
from audit.sealing import append_seal, seal_entries
from audit.seals import Anchor, seal_leaves
from audit.verifying import Finding, verify

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

LONG_AGO_S = 1200


@pytest.fixture(autouse=True)
def anchor_file(settings: Settings, tmp_path: Path) -> Path:
    settings.COMPTOIR_SEAL_ANCHOR = str(tmp_path / "kept" / "seals.jsonl")
    return tmp_path / "kept" / "seals.jsonl"


@pytest.fixture(autouse=True)
def _empty_log_and_small_seals(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_transactional = request.node.get_closest_marker("django_db").kwargs.get("transaction")
    request.getfixturevalue("transactional_db" if is_transactional else "db")
    raw("DELETE FROM audit_logentry")
    monkeypatch.setattr(sealing, "MOST_LEAVES", 3)


@pytest.fixture
def entries() -> list[LogEntry]:
    """Seven sealed entries of twenty minutes ago, a second apart, in order."""
    made = record(7)
    for place, entry in enumerate(made):
        stamp(LONG_AGO_S - place, entry.pk)
    seal_entries()
    return made


def record(count: int = 1) -> list[LogEntry]:
    made = [
        log.make_entry(system("test"), "test.thing.changed", data={"n": n}, changes={"a": ["1", n]})
        for n in range(count)
    ]
    log.write(made)
    return made


def raw(sql: str, *params: Any) -> None:
    with guard.suspended(), connection.cursor() as cursor:
        cursor.execute(sql, params or None)


def stamp(seconds_ago: float, *ids: uuid.UUID) -> None:
    """Have entries be recorded at another moment, written as the database writes its own."""
    moment = f"STATEMENT_TIMESTAMP() - INTERVAL '{seconds_ago} seconds'"
    if connection.vendor == "sqlite":
        moment = f"STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW', '-{seconds_ago} seconds')"
    several = ", ".join(f"'{one.hex}'" for one in ids)
    raw(f"UPDATE audit_logentry SET timestamp = {moment} WHERE id IN ({several})")


def edit(entry: LogEntry, column: str, value: Any) -> None:
    raw(f"UPDATE audit_logentry SET {column} = %s WHERE id = %s", value, entry.pk.hex)


def remove(entry: LogEntry) -> None:
    raw("DELETE FROM audit_logentry WHERE id = %s", entry.pk.hex)


def insert_beside(entry: LogEntry) -> uuid.UUID:
    """A copy of an entry with a new id."""
    new = uuid.uuid4()
    columns = [f.column for f in LogEntry._meta.concrete_fields if f.column != "id"]
    names = ", ".join(f'"{name}"' for name in columns)
    raw(
        f"INSERT INTO audit_logentry (id, {names}) SELECT %s, {names} FROM audit_logentry"
        " WHERE id = %s",
        new.hex,
        entry.pk.hex,
    )
    return new


def swap(one: LogEntry, other: LogEntry) -> None:
    moments = []
    for entry in (other, one):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT CAST(timestamp AS TEXT) FROM audit_logentry WHERE id = %s", [entry.pk.hex]
            )
            moments.append(cursor.fetchone()[0])
    for entry, moment in zip((one, other), moments, strict=True):
        edit(entry, "timestamp", moment)


def finding() -> Finding:
    (only,) = verify().findings
    return only


def found() -> tuple[str, uuid.UUID | None]:
    return finding().what, finding().entry_id


def run(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


# What holds


def test_untouched_log_holds(entries: list[LogEntry], anchor_file: Path) -> None:
    fresh = record(2)
    report = verify()
    assert report.findings == []
    assert report.entries + report.pending == LogEntry.objects.count()
    assert report.entries >= len(entries)
    assert report.pending >= len(fresh)
    assert report.seals == report.anchors == Seal.objects.count() >= 3
    assert len(anchor_file.read_text().splitlines()) == report.seals


def test_empty_log_has_nothing_to_seal_and_holds() -> None:
    raw("DELETE FROM audit_logentry")
    assert seal_entries() == 0
    assert verify().findings == []


def test_nothing_is_sealed_twice(entries: list[LogEntry]) -> None:
    assert seal_entries() == 0
    stamp(60, *[entry.pk for entry in record(2)])
    assert seal_entries() == 2
    assert verify().holds


def test_entry_of_the_last_half_minute_waits() -> None:
    old, young = record(2)
    stamp(31, old.pk)
    stamp(25, young.pk)
    assert seal_entries() == 1
    assert chain.names_since(Seal.objects.latest().covers_until) == {old.pk}
    stamp(31, young.pk)
    assert seal_entries() == 1
    assert verify().findings == []


def test_many_entries_of_one_moment_are_sealed_in_several_seals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sealing, "MOST_LEAVES", 1000)
    stamp(LONG_AGO_S, *[entry.pk for entry in record(3000)])
    assert seal_entries() >= 3000
    assert list(Seal.objects.order_by("number").values_list("size", flat=True)[:3]) == [1000] * 3
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert verify().findings == []
    assert len(queries) < 50


def test_one_run_is_bounded_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_SEALS", 2)
    stamp(LONG_AGO_S, *[entry.pk for entry in record(8)])
    assert seal_entries() == 6
    assert seal_entries() >= 2
    assert verify().holds


def test_entry_committed_late_comes_with_the_next_seal(entries: list[LogEntry]) -> None:
    late = record(4)
    stamp(120, *[entry.pk for entry in late])
    assert verify().pending >= 4
    assert verify().findings == []
    assert seal_entries() == 4
    stamp(60, *[entry.pk for entry in record()])
    seal_entries()
    report = verify()
    assert report.findings == []
    assert report.entries + report.pending == LogEntry.objects.count()
    covers = list(Seal.objects.order_by("number").values_list("covers_until", flat=True))
    assert covers == sorted(covers)


def test_pages_of_the_log_neither_repeat_nor_lose_entries_of_one_moment() -> None:
    stamp(LONG_AGO_S, *[entry.pk for entry in record(9)])
    stamp(LONG_AGO_S - 0.001, *[entry.pk for entry in record(5)])
    walked = list(scan.walk(None, None, size=2))
    rows = LogEntry.objects.order_by("timestamp", "id").values_list("timestamp", "id")
    assert [tuple(spot) for spot in walked] == list(rows)


def test_bounds_of_the_log_are_exact_to_the_moment(entries: list[LogEntry]) -> None:
    moments = list(LogEntry.objects.order_by("timestamp").values_list("timestamp", flat=True)[:7])
    walked = [spot.at for spot in scan.walk(moments[1], moments[4])]
    assert walked == moments[2:5]


# What does not


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("event", "test.thing.left_alone"),
        ("outcome", "denied"),
        ("actor_label", "nobody"),
        ("actor_kind", "user"),
        ("changes", '{"a": ["1", "2"]}'),
        ("additional_data", None),
        ("timestamp", "2020-01-01 00:00:00+00:00"),
        ("effective_at", "2020-01-01 00:00:00+00:00"),
        ("object_pk", "other"),
    ],
)
def test_edited_entry_is_named(entries: list[LogEntry], column: str, value: object) -> None:
    edit(entries[4], column, value)
    assert found() == ("edited", entries[4].pk)


@pytest.mark.parametrize("place", range(7))
def test_removed_entry_is_named(entries: list[LogEntry], place: int) -> None:
    remove(entries[place])
    assert found() == ("removed", entries[place].pk)


@pytest.mark.parametrize("place", range(7))
def test_inserted_entry_is_named(entries: list[LogEntry], place: int) -> None:
    new = insert_beside(entries[place])
    assert found() == ("inserted", new)


def test_entry_inserted_before_all_is_named(entries: list[LogEntry]) -> None:
    new = record()[0]
    stamp(2 * LONG_AGO_S, new.pk)
    assert found() == ("inserted", new.pk)


def test_entry_with_a_new_id_is_named(entries: list[LogEntry]) -> None:
    new = uuid.uuid4()
    edit(entries[4], "id", new.hex)
    assert found() in {("removed", entries[4].pk), ("inserted", new)}


@pytest.mark.parametrize(("one", "other"), [(1, 2), (0, 6)])
def test_entries_that_changed_places_are_named(
    entries: list[LogEntry], one: int, other: int
) -> None:
    swap(entries[one], entries[other])
    assert found() == ("edited", entries[one].pk)


def test_first_of_several_is_named(entries: list[LogEntry]) -> None:
    remove(entries[6])
    insert_beside(entries[5])
    edit(entries[3], "event", "x")
    assert found() == ("edited", entries[3].pk)


def test_entry_that_can_no_longer_be_read_is_named(entries: list[LogEntry]) -> None:
    if connection.vendor == "sqlite":
        edit(entries[4], "timestamp", "nonsense")
        assert found() == ("edited", entries[4].pk)
        assert "(test.thing.changed, no moment)" in str(finding())
        remove(entries[1])
        assert found() == ("removed", entries[1].pk)
        return
    with pytest.raises(DataError), transaction.atomic():
        edit(entries[4], "timestamp", "nonsense")


def test_waiting_entry_that_can_not_be_read_is_told(entries: list[LogEntry]) -> None:
    fresh = record()[0]
    edit(fresh, "timestamp", "2999-01-01 00:00:00+00:00")
    assert verify().findings == []
    if connection.vendor == "sqlite":
        edit(fresh, "timestamp", "nonsense")
        assert found() == ("edited", None)


def test_finding_says_what_when_and_where(entries: list[LogEntry]) -> None:
    edit(entries[4], "event", "test.thing.left_alone")
    told = str(finding())
    moment = LogEntry.objects.get(pk=entries[4].pk).timestamp.isoformat()
    assert f"entry {entries[4].pk} (test.thing.left_alone, {moment}) was edited" in told
    assert "(seal 2, place 2)" in told


# The seals themselves


def test_no_way_past_the_kernel_touches_a_seal(
    entries: list[LogEntry], nothing_was_blocked: list[str]
) -> None:
    ways: list[Callable[[], Any]] = [
        lambda: Seal.objects.update(size=1),
        lambda: Seal.objects.all().delete(),
        lambda: Seal.objects.earliest().save(),
    ]
    for way in ways:
        with pytest.raises(WriteBlocked), transaction.atomic():
            way()
    for sql in ("UPDATE audit_seal SET size = 1", "DELETE FROM audit_seal"):
        with pytest.raises(WriteBlocked), guard.flushing():
            guard.check_statement(sql)
    nothing_was_blocked.clear()


def test_forged_signature_is_named(entries: list[LogEntry]) -> None:
    raw("UPDATE audit_seal SET signature = %s WHERE number = 2", "0" * 128)
    assert (finding().what, finding().seal) == ("signature", 2)


def test_seal_made_to_fit_the_edited_entry_is_not_signed(entries: list[LogEntry]) -> None:
    edit(entries[4], "event", "x")
    first, second = list(chain.walk(until=2))
    leaves = sealing.leaves_named([one.pk for one in entries[3:6]])
    fitting = seal_leaves(
        leaves, first, covers_until=second.covers_until, sealed_at=second.sealed_at
    )
    raw(
        "UPDATE audit_seal SET root = %s, leaves = %s, digest = %s WHERE number = 2",
        fitting.root,
        fitting.leaves,
        fitting.digest,
    )
    flaw, anchor = verify().findings
    assert (flaw.what, flaw.seal) == ("signature", 2)
    assert (anchor.what, anchor.seal) == ("anchor", 2)


def test_missing_seal_is_named(entries: list[LogEntry]) -> None:
    raw("DELETE FROM audit_seal WHERE number = 2")
    (flaw, anchor) = verify().findings
    assert (flaw.what, flaw.seal) == ("number", 2)
    assert (anchor.what, anchor.seal) == ("anchor", 2)


def test_key_that_is_gone_is_told(entries: list[LogEntry], settings: Settings) -> None:
    settings.COMPTOIR_KEYRING = settings.COMPTOIR_KEYRING.replace("test:", "new:")
    assert finding().what == "signature"


# Outside the database


def cut_tail(entries: list[LogEntry]) -> None:
    newest = Seal.objects.latest()
    raw("DELETE FROM audit_seal WHERE number = %s", newest.number)
    for leaf_id in sealing_ids(newest):
        raw("DELETE FROM audit_logentry WHERE id = %s", leaf_id.hex)


def sealing_ids(seal: Seal) -> list[uuid.UUID]:
    packed = bytes(seal.leaves)
    return [uuid.UUID(bytes=packed[at : at + 16]) for at in range(0, len(packed), 48)]


def test_cut_tail_is_seen_by_the_anchor_alone(entries: list[LogEntry], settings: Settings) -> None:
    last = Seal.objects.latest().number
    cut_tail(entries)
    assert (finding().what, finding().seal) == ("anchor", last)
    assert f"seal {last} is gone" in str(finding())
    settings.COMPTOIR_SEAL_ANCHOR = ""
    assert verify().findings == []


def test_tail_made_anew_is_seen_by_the_anchor(entries: list[LogEntry]) -> None:
    last = Seal.objects.latest().number
    cut_tail(entries)
    stamp(60, *[entry.pk for entry in record()])
    assert seal_entries() == 1
    assert (finding().what, finding().seal) == ("anchor", last)


def test_line_that_is_no_anchor_is_told(entries: list[LogEntry], anchor_file: Path) -> None:
    with anchor_file.open("a") as file:
        file.write('{"number": 3, "dig')
    assert "line" in str(finding())
    stamp(60, *[entry.pk for entry in record()])
    seal_entries()
    lines = anchor_file.read_text().splitlines()
    assert '{"number": 3, "dig' in lines
    assert Anchor.read(lines[-1]).number == Seal.objects.latest().number


def test_seal_whose_sealer_died_before_the_anchor_is_anchored_later(
    entries: list[LogEntry], anchor_file: Path
) -> None:
    *kept, last = anchor_file.read_text().splitlines(keepends=True)
    anchor_file.write_text("".join(kept))
    assert seal_entries() == 0
    assert anchor_file.read_text().splitlines(keepends=True) == [*kept, last]
    assert seal_entries() == 0
    assert len(anchor_file.read_text().splitlines()) == len(kept) + 1


def test_nothing_more_is_sealed_while_the_anchor_can_not_be_kept(
    anchor_file: Path, settings: Settings
) -> None:
    blocked = anchor_file.parent.parent / "file"
    blocked.write_text("")
    settings.COMPTOIR_SEAL_ANCHOR = str(blocked / "seals.jsonl")
    stamp(60, *[entry.pk for entry in record(9)])
    for _ in range(2):
        with pytest.raises(OSError, match="file"):
            seal_entries()
        assert Seal.objects.count() == 1
    settings.COMPTOIR_SEAL_ANCHOR = str(anchor_file)
    assert seal_entries() >= 6
    assert verify().holds


# The commands


def test_prove_names_a_falsified_entry(entries: list[LogEntry]) -> None:
    code, told = run("prove")
    assert (code, "holds audit: the seals hold" in told) == (0, True)
    edit(entries[4], "event", "x")
    code, told = run("prove")
    assert code == 1
    assert f"entry {entries[4].pk} (x, " in told


def test_verify_audit_tells_counts_or_the_entry(entries: list[LogEntry]) -> None:
    code, told = run("verify_audit")
    assert code == 0
    assert told.startswith("holds ")
    remove(entries[2])
    code, told = run("verify_audit")
    assert code == 1
    assert f"entry {entries[2].pk} was removed" in told


def test_verify_audit_speaks_json(entries: list[LogEntry]) -> None:
    code, told = run("verify_audit", "--json")
    assert (code, json.loads(told)["holds"]) == (0, True)
    remove(entries[2])
    code, told = run("verify_audit", "--json")
    said = json.loads(told)
    assert (code, said["holds"], said["entries"]) == (1, False, 0)
    assert said["findings"][0]["entry_id"] == str(entries[2].pk)


def test_worker_knows_the_task_that_the_clock_rings() -> None:
    from config.celery import app

    app.loader.import_default_modules()
    stamp(60, *[entry.pk for entry in record()])
    app.tasks["audit.seal"]()
    assert Seal.objects.count() >= 1
    assert not LogEntry.objects.filter(event="audit.log.sealed").exists()


# Databases


def test_each_select_finds_its_rows_by_index(entries: list[LogEntry]) -> None:
    stamp(120, *[entry.pk for entry in record(4)])
    insert_beside(entries[6])
    with CaptureQueriesContext(connection) as queries:
        seal_entries()
        verify()
    asked = [one["sql"] for one in queries if one["sql"].startswith("SELECT")]
    assert len(asked) > 10
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute("SET LOCAL enable_seqscan = off")
        plans = [plan_of(cursor, sql) for sql in asked]
    for sql, plan in zip(asked, plans, strict=True):
        assert "Seq Scan" not in plan, sql
        assert "TEMP B-TREE" not in plan, sql
        assert "SCAN audit_logentry" not in plan.replace("SCAN audit_logentry USING", ""), sql


def plan_of(cursor: Any, sql: str) -> str:
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    cursor.execute(f"{explain} {sql}")
    return "\n".join(str(row) for row in cursor.fetchall())


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in threads that start together; each one's answer or exception."""
    together = threading.Barrier(len(jobs))
    answers: list[Any] = [None] * len(jobs)

    def work(place: int) -> None:
        try:
            with acting_as(system("sealer")):
                together.wait(30)
                answers[place] = jobs[place]()
        except Exception as error:  # noqa: BLE001
            answers[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return answers


@pytest.mark.django_db(transaction=True)
def test_two_sealers_leave_one_chain(somebody: Actor) -> None:
    stamp(LONG_AGO_S, *[entry.pk for entry in record(60)])
    answers = at_once(seal_entries, seal_entries, seal_entries)
    assert [type(one) for one in answers] == [int] * 3
    assert sum(answers) + seal_entries() == LogEntry.objects.filter(outcome="done").count()
    numbers = list(Seal.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert verify().findings == []


@pytest.mark.django_db(transaction=True)
def test_of_two_seals_with_one_number_one_wins_and_nobody_fails() -> None:
    entry = record()[0]
    leaves = sealing.leaves_named([entry.pk])
    moment = entry.effective_at
    rivals = [
        seal_leaves(leaves, None, covers_until=moment, sealed_at=moment + timedelta(seconds=n))
        for n in range(4)
    ]
    answers = at_once(*[lambda one=one: append_seal(sealed=one) for one in rivals])
    assert sorted(answers) == [False, False, False, True]
    assert Seal.objects.count() == 1
    assert LogEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_log_is_read_and_written_while_it_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_LEAVES", 100)
    stamp(LONG_AGO_S, *[entry.pk for entry in record(2000)])
    done = threading.Event()
    busy: list[int] = []

    def seal() -> int:
        try:
            return seal_entries()
        finally:
            done.set()

    def use() -> None:
        while not done.is_set():
            record()
            busy.append(len(LogEntry.objects.order_by("-timestamp", "-id")[:50]))

    sealed, used = at_once(seal, use)
    assert (sealed, used) == (2000, None)
    assert len(busy) > 1
    assert set(busy) == {50}
    assert verify().findings == []

"""What ends a command, and what is done about it: a test for each row of the table."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections

from audit import command as kernel
from audit import outcomes
from audit.actor import Actor, acting_as, system
from audit.command import command
from audit.errors import (
    Busy,
    Kind,
    NoActor,
    OutcomeUnknown,
    RecordUnavailable,
    Refusal,
)
from audit.models import LogEntry
from audit.work import Work
from tests.audit import faults
from tests.audit.toys.models import Purse, Toy

attempts: list[str] = []


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts.clear()
    monkeypatch.setattr(kernel, "BASE_S", 0.0001)


@command("toys.toy.made")
def make(work: Work, *, name: str, count: int = 0) -> Toy:
    attempts.append(name)
    toy = Toy(key=uuid.uuid4().hex, fingerprint="", name=name, count=count)
    work.add(toy)
    return toy


@command("toys.toy.bought", moves_money=True)
def buy(work: Work, *, name: str, key: str) -> Toy:
    attempts.append(name)
    if (done := work.replay(Toy)) is not None:
        return done
    toy = Toy(key=key, fingerprint=work.fingerprint, name=name)
    work.add(toy)
    return toy


def log_of(outcome: str) -> list[LogEntry]:
    return list(LogEntry.objects.filter(outcome=outcome, event__startswith="toys."))


# A conflict


@pytest.mark.django_db
@pytest.mark.parametrize("error", [faults.conflict, faults.deadlock])
@pytest.mark.parametrize("where", ["toys_toy", "audit_logentry"])
def test_a_conflict_anywhere_runs_the_whole_body_again(
    somebody: Actor, error: Any, where: str
) -> None:
    with faults.at_statement(f'INSERT INTO "{where}"', error(), error(), error()):
        make(name="bear")
    assert attempts == ["bear"] * 4
    assert Toy.objects.count() == 1
    assert len(log_of("done")) == 1


def test_a_conflict_hidden_in_the_context_of_another_error_is_still_a_conflict() -> None:
    error = IntegrityError("while cleaning up")
    error.__context__ = faults.SerializationFailure("restart transaction")
    assert outcomes.of(error) is outcomes.Ending.CONFLICT


@pytest.mark.django_db(transaction=True)
def test_a_conflict_at_commit_runs_the_body_again(
    somebody: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faults.at_commit(monkeypatch, faults.conflict(), done=False):
        make(name="bear")
    assert attempts == ["bear"] * 2
    assert Toy.objects.count() == 1


@pytest.mark.django_db
def test_too_many_conflicts_are_busy_and_nothing_is_changed(somebody: Actor) -> None:
    errors = [faults.conflict() for _ in range(kernel.ATTEMPTS)]
    with faults.at_statement('INSERT INTO "toys_toy"', *errors), pytest.raises(Busy):
        make(name="bear")
    assert len(attempts) == kernel.ATTEMPTS >= 8
    assert Toy.objects.count() == 0
    assert [e.additional_data for e in log_of("failed")] == [{"error": "busy"}]


@pytest.mark.django_db
def test_a_deadline_ends_the_trying(somebody: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "DEADLINE_S", -1.0)
    with faults.at_statement('INSERT INTO "toys_toy"', faults.conflict()), pytest.raises(Busy):
        make(name="bear")
    assert attempts == ["bear"]


# The same key


@pytest.mark.django_db
def test_the_same_key_and_parameters_answer_the_first_result(somebody: Actor) -> None:
    first = buy(name="bear", key="k1")
    assert buy(name="bear", key="k1").pk == first.pk
    assert Toy.objects.count() == 1
    assert len(log_of("done")) == 1


@pytest.mark.django_db
def test_the_same_key_with_other_parameters_is_a_conflict(somebody: Actor) -> None:
    buy(name="bear", key="k1")
    with pytest.raises(Refusal) as refused:
        buy(name="duck", key="k1")
    assert (refused.value.code, refused.value.kind) == ("key_reused", Kind.CONFLICT)


@pytest.mark.django_db
@pytest.mark.parametrize(("collisions", "rows"), [(1, 1), (2, 0)])
def test_a_collision_of_keys_runs_the_body_once_more_and_no_oftener(
    somebody: Actor, collisions: int, rows: int
) -> None:
    @command("toys.toy.collided", moves_money=True)
    def collide(work: Work, *, name: str, key: str) -> None:
        attempts.append(name)
        work.add(Toy(key=key, fingerprint="", name=name))
        if len(attempts) <= collisions:
            # A rival that only the unique constraint sees.
            work.add(Toy(key=key, fingerprint="", name="rival"))

    if rows:
        collide(name="bear", key="k1")
    else:
        with pytest.raises(IntegrityError):
            collide(name="bear", key="k1")
    assert len(attempts) == 2
    assert Toy.objects.count() == rows


@pytest.mark.django_db(transaction=True)
def test_many_threads_with_one_key_make_one_row() -> None:
    results: list[uuid.UUID] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            with acting_as(system("racer")):
                results.append(buy(name="bear", key="race").pk)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(results)) == 1
    assert Toy.objects.count() == 1
    assert LogEntry.objects.filter(outcome="done", event__startswith="toys.").count() == 1


# A refusal


@pytest.mark.django_db
def test_a_refusal_changes_nothing_and_is_on_record(somebody: Actor) -> None:
    toy = make(name="bear")

    @command("toys.toy.refused")
    def refuse(work: Work, *, pk: uuid.UUID) -> None:
        loaded = work.load_one(Toy.objects.filter(pk=pk))
        work.change(loaded, count=9)
        raise Refusal("no", "Not today.", Kind.FORBIDDEN)

    with pytest.raises(Refusal):
        refuse(pk=toy.pk)
    assert Toy.objects.get().count == 0
    (entry,) = log_of("denied")
    assert entry.event == "toys.toy.refused"
    assert entry.object_pk == str(toy.pk)
    assert entry.additional_data == {"refusal": "no"}


@pytest.mark.django_db
def test_a_take_that_does_not_hold_at_the_flush_is_its_refusal(somebody: Actor) -> None:
    purse = Purse(balance_minor=5)

    @command("toys.purse.filled")
    def fill(work: Work) -> None:
        work.add(purse)

    fill()

    @command("toys.purse.emptied")
    def empty(work: Work) -> None:
        work.take(work.load_one(Purse.objects.all()), 6, Refusal("empty", "Not enough."))
        work.add(Toy(key="x", fingerprint="", name="never"))

    with pytest.raises(Refusal, match="empty"):
        empty()
    assert Toy.objects.count() == 0
    assert [e.additional_data for e in log_of("denied")] == [{"refusal": "empty"}]


# Lost connections


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("error", [faults.lost, faults.ambiguous])
def test_lost_at_commit_with_a_key_is_done_exactly_once(
    somebody: Actor, monkeypatch: pytest.MonkeyPatch, done: bool, error: Any
) -> None:
    with faults.at_commit(monkeypatch, error(), done=done):
        toy = buy(name="bear", key="k1")
    assert Toy.objects.get().pk == toy.pk
    assert len(log_of("done")) == 1
    assert attempts == ["bear"] * 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("done", [True, False])
def test_lost_at_commit_without_a_key_is_unknown_and_never_failed(
    somebody: Actor, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    with faults.at_commit(monkeypatch, faults.lost(), done=done), pytest.raises(OutcomeUnknown):
        make(name="bear")
    assert attempts == ["bear"]
    assert Toy.objects.count() == (1 if done else 0)
    assert len(log_of("unknown")) == 1
    assert log_of("failed") == []


@pytest.mark.django_db
def test_lost_before_the_flush_is_surely_not_done_and_tried_again(somebody: Actor) -> None:
    toy = make(name="bear")
    attempts.clear()

    @command("toys.toy.read")
    def read(work: Work, *, pk: uuid.UUID) -> None:
        attempts.append("read")
        work.change(work.load_one(Toy.objects.filter(pk=pk)), count=1)

    with faults.at_statement('FROM "toys_toy"', faults.lost()):
        read(pk=toy.pk)
    assert attempts == ["read"] * 2
    assert Toy.objects.get().count == 1


@pytest.mark.django_db
def test_lost_again_and_again_is_unknown_even_when_a_conflict_comes_last(somebody: Actor) -> None:
    errors = [faults.lost(), *[faults.conflict() for _ in range(kernel.ATTEMPTS)]]
    with (
        faults.at_statement('INSERT INTO "toys_toy"', *errors),
        pytest.raises(OutcomeUnknown),
    ):
        buy(name="bear", key="k1")


# Anything else


@pytest.mark.django_db
def test_a_broken_check_is_raised_and_recorded_as_failed_without_its_data(
    somebody: Actor,
) -> None:
    with pytest.raises(IntegrityError):
        make(name="bear", count=5000)
    assert Toy.objects.count() == 0
    (entry,) = log_of("failed")
    assert entry.additional_data == {"error": "IntegrityError"}
    assert attempts == ["bear"]


@pytest.mark.django_db
def test_no_actor_no_write() -> None:
    with pytest.raises(NoActor):
        make(name="bear")
    assert attempts == []


@pytest.mark.django_db(transaction=True)
def test_without_the_log_nothing_is_written_and_the_reason_is_told(somebody: Actor) -> None:
    from audit import guard

    with guard.suspended(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_logentry RENAME TO audit_gone")
    try:
        with pytest.raises(RecordUnavailable):
            make(name="bear")
        with pytest.raises(RecordUnavailable):
            refuse_at_once()
    finally:
        with guard.suspended(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_gone RENAME TO audit_logentry")
    assert Toy.objects.count() == 0


@command("toys.toy.forbidden")
def refuse_at_once(work: Work) -> None:
    raise Refusal("no", "No.")


# The rules of the decorator


@pytest.mark.django_db(transaction=True)
def test_a_command_refuses_to_run_inside_another(somebody: Actor) -> None:
    @command("toys.toy.nested")
    def outer(work: Work) -> None:
        make(name="inner")

    with pytest.raises(RuntimeError, match="durable"):
        outer()


def test_a_command_that_moves_money_needs_a_key() -> None:
    with pytest.raises(TypeError, match="needs a key"):

        @command("toys.money", moves_money=True)
        def move(work: Work, *, amount: int) -> None: ...


def test_a_command_takes_keywords_only() -> None:
    with pytest.raises(TypeError, match="keywords"):

        @command("toys.positional")
        def positional(work: Work, amount: int) -> None: ...


@pytest.mark.django_db(transaction=True)
def test_what_a_failed_attempt_promised_for_after_commit_is_dropped(somebody: Actor) -> None:
    from django.db import transaction

    rung: list[int] = []

    @command("toys.toy.rung")
    def ring(work: Work) -> None:
        attempts.append("ring")
        transaction.on_commit(lambda: rung.append(len(attempts)))
        work.add(Toy(key="x", fingerprint="", name="bell"))

    with faults.at_statement('INSERT INTO "toys_toy"', faults.conflict()):
        ring()
    assert rung == [2]

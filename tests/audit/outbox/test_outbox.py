"""What must be done is done: once if all goes well, again if a worker dies, never forgotten."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connections

from audit import clock
from audit.actor import acting_as, current_actor, system
from audit.command import command
from audit.errors import KernelError
from audit.models import LogEntry
from audit.outbox import handlers as registry
from audit.outbox.commands import (
    LEASE,
    MOST_ATTEMPTS,
    lease_messages,
    postpone_message,
    settle_messages,
    tidy_messages,
)
from audit.outbox.delivery import deliver_due
from audit.outbox.handlers import TryAgain, handler
from audit.outbox.models import Message
from audit.work import Work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]

done: list[tuple[str, str]] = []


@pytest.fixture(autouse=True)
def tasks() -> Iterator[None]:
    known = dict(registry.handlers)
    done.clear()

    @handler("toys.wind_up")
    def wind_up(*, toy: str) -> None:
        done.append((toy, current_actor().request_id))

    @handler("toys.break")
    def break_(*, toy: str) -> None:
        raise ValueError(toy)

    @handler("toys.wait")
    def wait(*, toy: str) -> None:
        raise TryAgain("not yet")

    yield
    registry.handlers.clear()
    registry.handlers.update(known)


@command("toys.task.left")
def leave(work: Work, *, task: str, toy: uuid.UUID) -> None:
    work.later(task, toy=toy)


def left(task: str = "toys.wind_up") -> Message:
    leave(task=task, toy=uuid.uuid4())
    return Message.objects.latest("made_at")


def later(**by: float) -> object:
    return clock.at(clock.now() + timedelta(**by))


def test_a_task_runs_once_under_the_request_that_left_it() -> None:
    message = left()
    assert (deliver_due(), deliver_due()) == (1, 0)
    assert done == [(message.kwargs["toy"], "request-of-the-test")]
    message.refresh_from_db()
    assert (message.status, message.attempts) == (Message.Status.DONE, 1)
    assert message.settled_at is not None


def test_a_command_that_is_refused_leaves_no_task() -> None:
    from audit.errors import Refusal

    @command("toys.task.refused")
    def refuse(work: Work) -> None:
        work.later("toys.wind_up", toy=uuid.uuid4())
        raise Refusal("no", "No.")

    with pytest.raises(Refusal):
        refuse()
    assert Message.objects.count() == 0


def test_what_is_leased_is_not_taken_again_until_its_lease_is_over() -> None:
    left()
    (message,) = lease_messages(limit=10)
    assert lease_messages(limit=10) == []
    with clock.at(clock.now() + LEASE + timedelta(seconds=1)):
        (again,) = lease_messages(limit=10)
    assert (again.pk, again.attempts) == (message.pk, 2)
    assert again.lease != message.lease


def test_a_worker_that_lost_its_lease_settles_nothing() -> None:
    left()
    (message,) = lease_messages(limit=10)
    assert message.lease is not None
    with clock.at(clock.now() + LEASE + timedelta(seconds=1)):
        lease_messages(limit=10)
        assert settle_messages(leases={message.pk: message.lease}) == 0
        postpone_message(message_id=message.pk, lease=message.lease, error="late")
    message.refresh_from_db()
    assert (message.status, message.error) == (Message.Status.LEASED, "")


def test_what_fails_waits_longer_each_time_and_is_dead_in_the_end() -> None:
    message = left("toys.break")
    waits: list[timedelta] = []
    now = clock.now()
    for _ in range(MOST_ATTEMPTS):
        with clock.at(now):
            assert deliver_due() == 1
        message.refresh_from_db()
        waits.append(message.next_at - now)
        now = message.next_at
    assert waits[:3] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    assert max(waits) == timedelta(hours=1)
    assert (message.status, message.error) == (Message.Status.DEAD, "ValueError")
    with clock.at(now + timedelta(days=30)):
        assert deliver_due() == 0
    (entry,) = LogEntry.objects.filter(event="outbox.message.died")
    assert entry.object_pk == str(message.pk)


@pytest.mark.parametrize(("task", "why"), [("toys.wait", "not yet"), ("toys.lost", "no handler")])
def test_what_cannot_run_now_says_why_and_waits(task: str, why: str) -> None:
    message = left(task)
    deliver_due()
    message.refresh_from_db()
    assert (message.status, message.error) == (Message.Status.WAITING, why)


def test_one_that_fails_does_not_keep_the_others_waiting() -> None:
    left("toys.break")
    left()
    left("toys.wait")
    left()
    deliver_due()
    assert len(done) == 2


def test_a_task_for_later_is_not_due_before() -> None:
    @command("toys.task.put_off")
    def put_off(work: Work) -> None:
        work.later("toys.wind_up", due_at=work.now + timedelta(hours=1), toy=uuid.uuid4())

    put_off()
    assert deliver_due() == 0
    with clock.at(clock.now() + timedelta(hours=2)):
        assert deliver_due() == 1


def test_old_messages_that_are_done_go_and_dead_ones_stay() -> None:
    left()
    deliver_due()
    dead = left("toys.break")
    for _ in range(MOST_ATTEMPTS):
        with clock.at(Message.objects.get(pk=dead.pk).next_at):
            deliver_due()
    with clock.at(clock.now() + timedelta(days=29)):
        assert tidy_messages() == 0
    with clock.at(clock.now() + timedelta(days=31)):
        assert tidy_messages() == 1
    assert Message.objects.get().pk == dead.pk


def test_a_broker_that_is_gone_does_not_stop_the_work(
    settings: object, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    from kombu.exceptions import OperationalError

    def gone(*_: object, **__: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(settings, "OUTBOX_BELL", True)
    monkeypatch.setattr("celery.current_app.send_task", gone)
    with django_capture_on_commit_callbacks(execute=True) as rung:  # type: ignore[operator]
        left()
    assert len(rung) == 1
    assert deliver_due() == 1


def test_a_later_needs_an_open_work() -> None:
    kept: list[Work] = []

    @command("toys.task.kept")
    def keep(work: Work) -> None:
        kept.append(work)

    keep()
    with pytest.raises(KernelError):
        kept[0].later("toys.wind_up", toy=uuid.uuid4())


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_work_and_do_nothing_twice() -> None:
    for _ in range(40):
        left()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with acting_as(system("worker")):
                while deliver_due(5):
                    pass
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(done) == len(set(done)) == 40
    assert set(Message.objects.values_list("status", flat=True)) == {Message.Status.DONE}

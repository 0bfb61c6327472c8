"""A job goes on in slices, counts each once, and ends as somebody wants it or as it must."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from audit import clock, files, rotation
from audit.actor import acting_as, current_actor, system
from audit.command import command
from audit.errors import KernelError, Kind, Refusal
from audit.jobs.commands import advance_job, cancel_job, fail_job, finish_job, start_job
from audit.jobs.kinds import JobFailed, JobFile, JobKind, Slice, folder_of, kinds, parts_of
from audit.jobs.models import Job
from audit.jobs.states import MOVES, Event, move
from audit.jobs.steps import add_job
from audit.jobs.tasks import expire, run
from audit.models import LogEntry
from audit.outbox.commands import MOST_ATTEMPTS, revive_message
from audit.outbox.delivery import deliver_due
from audit.outbox.models import Message
from audit.work import Work
from config.access.models import User
from tests.audit.people import as_actor, hire
from tests.audit.test_files import NEW_KEYRING

pytestmark = pytest.mark.django_db
seen: list[tuple[int, str]] = []
troubles: list[Exception] = []


@pytest.fixture(autouse=True)
def _counting() -> Iterator[None]:
    """A kind of job that counts to three and leaves a file."""
    seen.clear()
    troubles.clear()

    def count(job: Job) -> Slice:
        if troubles:
            raise troubles[0]
        seen.append((job.step, current_actor().label))
        files.store([b"part"], name=f"{parts_of(job)}/{uuid.uuid4().hex}")
        done = job.done + 1
        if done < 3:
            return Slice(done, {"at": done}, total=3)
        stored = files.store([b"result"], name=f"{folder_of(job)}/{uuid.uuid4().hex}")
        return Slice(done, {}, is_over=True, file=JobFile(stored, "r.txt", "text/plain"))

    known = dict(kinds)
    kinds["toys.count"] = JobKind("Counting", ("payments.view_payment",), count)
    yield
    kinds.clear()
    kinds.update(known)


@command("toys.count.asked")
def ask(work: Work, *, key: str) -> Job:
    if (done := work.replay(Job)) is not None:
        return done
    return add_job(work, kind="toys.count", given={})


@pytest.fixture
def ada() -> User:
    return hire("Ada Lund", "support_agent")


@pytest.fixture
def job(ada: User) -> Job:
    with acting_as(as_actor(ada)):
        return ask(key="k")


def now(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def deliver(times: int = 20) -> None:
    with acting_as(system("test")):
        for _ in range(times):
            deliver_due()


def stored_of(job: Job) -> list[str]:
    found: list[str] = []
    waiting = [folder_of(job)]
    while waiting:
        folder = waiting.pop()
        try:
            folders, names = storages["private"].listdir(folder)
        except FileNotFoundError:
            continue
        found += [f"{folder}/{name}" for name in names]
        waiting += [f"{folder}/{one}" for one in folders]
    return found


def test_job_runs_slice_by_slice_as_the_person_who_asked(job: Job, ada: User) -> None:
    assert (job.status, job.asked_by_id) == (Job.Status.WAITING, ada.pk)
    deliver(1)
    assert (now(job).status, now(job).done, now(job).percent) == (Job.Status.RUNNING, 1, 33)
    deliver()
    done = now(job)
    assert (done.status, done.done, done.total, done.percent) == (Job.Status.DONE, 3, 3, 100)
    assert seen == [(0, ada.reference), (1, ada.reference), (2, ada.reference)]
    assert done.file_until is not None
    with files.open_sealed(done.file) as content:
        assert content.read() == b"result"
    assert stored_of(job) == [done.file]


def test_beginning_and_end_of_a_job_are_on_record_with_the_hash_of_its_file(job: Job) -> None:
    deliver()
    events = LogEntry.objects.filter(event__startswith="jobs.job.").order_by("timestamp", "pk")
    assert {one.event for one in events} == {
        "jobs.job.asked",
        "jobs.job.started",
        "jobs.job.finished",
    }
    finished = events.get(event="jobs.job.finished")
    assert finished.additional_data["sha256"] == now(job).file_digest
    assert finished.cid == job.request_id


def test_job_asked_for_twice_is_one(job: Job, ada: User) -> None:
    with acting_as(as_actor(ada)):
        assert ask(key="k").pk == job.pk
    assert Message.objects.filter(task="jobs.run").count() == 1


def test_only_people_ask_for_jobs() -> None:
    with acting_as(system("test")), pytest.raises(Refusal) as refused:
        ask(key="k")
    assert refused.value.kind is Kind.FORBIDDEN


def test_slice_that_runs_twice_counts_once(job: Job) -> None:
    with acting_as(system("test")):
        start_job(job_id=job.pk)
        for _ in range(2):
            advance_job(job_id=job.pk, step=0, done=1, state={"at": 1})
        assert (now(job).step, now(job).done) == (1, 1)
        assert Message.objects.filter(task="jobs.run").count() == 2
        for _ in range(2):
            finish_job(job_id=job.pk, step=1, done=2, state={})
        advance_job(job_id=job.pk, step=1, done=5, state={})
    assert (now(job).status, now(job).done) == (Job.Status.DONE, 2)
    assert LogEntry.objects.filter(event="jobs.job.finished").count() == 1


def test_worker_that_dies_in_a_slice_leaves_it_to_the_next(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(**_given: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("audit.jobs.tasks.advance_job", die)
        with pytest.raises(Killed):
            deliver(1)
    deliver()
    assert now(job).status == Job.Status.RUNNING
    with clock.at(clock.now() + timedelta(minutes=5)):
        deliver()
    done = now(job)
    assert (done.status, done.done) == (Job.Status.DONE, 3)
    # What the dead worker had written is gone with the rest.
    assert stored_of(job) == [done.file]


def test_waiting_job_is_stopped_at_once_and_a_running_one_after_its_slice(
    job: Job, ada: User
) -> None:
    with acting_as(as_actor(ada)):
        other = ask(key="other")
        cancel_job(job_id=other.pk)
    assert now(other).status == Job.Status.CANCELLED
    deliver(1)
    with acting_as(as_actor(ada)):
        cancel_job(job_id=job.pk)
        cancel_job(job_id=job.pk)
    assert (now(job).status, now(job).is_stopping) == (Job.Status.RUNNING, True)
    deliver()
    assert (now(job).status, now(job).done) == (Job.Status.CANCELLED, 1)
    assert stored_of(job) == []
    assert LogEntry.objects.filter(event="jobs.job.cancelled").count() == 2


def test_job_is_not_stopped_by_another_person(job: Job) -> None:
    for who, role in (("Ben Roth", "support_lead"), ("Eve Noll", "auditor")):
        with acting_as(as_actor(hire(who, role))), pytest.raises(Refusal) as refused:
            cancel_job(job_id=job.pk)
        assert refused.value.kind is Kind.FORBIDDEN
    with acting_as(as_actor(hire("Max Adler", "access_administrator"))):
        assert cancel_job(job_id=job.pk).status == Job.Status.CANCELLED


def test_job_ends_when_the_person_may_not_any_more(job: Job, ada: User) -> None:
    deliver(1)
    with acting_as(system("test")):
        ada.groups.clear()
    deliver()
    assert (now(job).status, now(job).error) == (Job.Status.FAILED, "not_allowed")
    assert len(seen) == 1
    assert stored_of(job) == []


def test_job_of_a_person_who_left_ends(job: Job, ada: User) -> None:
    ada.is_active = False
    with acting_as(system("test")):
        ada.save()
    deliver()
    assert now(job).error == "not_allowed"


@pytest.mark.parametrize("trouble", [JobFailed("too_many"), Refusal("too_many", "x")])
def test_job_that_cannot_go_on_fails_with_its_reason(job: Job, trouble: Exception) -> None:
    troubles.append(trouble)
    deliver()
    assert (now(job).status, now(job).error) == (Job.Status.FAILED, "too_many")


def test_job_that_breaks_again_and_again_is_said_to_and_runs_again_when_revived(job: Job) -> None:
    deliver(1)
    troubles.append(ValueError("broken"))
    moment = clock.now()
    for _ in range(MOST_ATTEMPTS + 1):
        moment += timedelta(hours=2)
        with clock.at(moment):
            deliver(1)
    assert (now(job).status, now(job).error) == (Job.Status.FAILED, "died")
    dead = Message.objects.get(status=Message.Status.DEAD)
    troubles.clear()
    with acting_as(as_actor(hire("Max Adler", "access_administrator"))), clock.at(moment):
        revive_message(message_id=dead.pk, reason="The disk is whole again")
    with clock.at(moment + timedelta(seconds=1)):
        deliver()
    done = now(job)
    assert (done.status, done.done, done.error) == (Job.Status.DONE, 3, "")
    assert [step for step, _who in seen] == [0, 1, 2]


def test_file_is_let_go_when_its_time_is_over_and_the_job_stays(job: Job) -> None:
    deliver()
    name = now(job).file
    for days, kept in ((6, True), (8, False)):
        with clock.at(clock.now() + timedelta(days=days)):
            expire()
            deliver()
        assert bool(now(job).file) is kept
    with pytest.raises(FileNotFoundError):
        files.open_sealed(name)
    assert now(job).file_digest


def test_file_that_was_renewed_by_a_rotation_of_keys_is_let_go_too(
    job: Job, settings: Settings
) -> None:
    deliver()
    old = now(job).file
    settings.COMPTOIR_KEYRING = NEW_KEYRING + settings.COMPTOIR_KEYRING
    with acting_as(system("test")):
        for _progress in rotation.rotate(rotation.registry["files of jobs"]):
            pass
    renewed = now(job).file
    assert renewed != old
    with clock.at(clock.now() + timedelta(days=8)):
        expire()
        deliver()
    for name in (old, renewed):
        with pytest.raises(FileNotFoundError):
            files.open_sealed(name)


def test_message_of_a_job_that_is_gone_or_over_does_nothing(job: Job) -> None:
    with acting_as(system("test")):
        run(job_id=str(uuid.uuid4()))
        fail_job(job_id=job.pk, error="x")
        fail_job(job_id=job.pk, error="y")
        run(job_id=str(job.pk))
    assert (now(job).error, seen) == ("x", [])


@pytest.mark.parametrize(("status", "event"), list(product(Job.Status, Event)))
def test_move_is_in_the_table_or_refused(status: Job.Status, event: Event) -> None:
    job = Job(status=status, kind="toys.count")
    work = Work(system("test"), clock.now(), "test")
    work.add(job)
    if (status, event) in MOVES:
        move(work, job, event)
        assert job.status == MOVES[status, event]
    else:
        with pytest.raises(KernelError):
            move(work, job, event)

"""The pages of jobs show to each what is his."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from audit import files
from audit.actor import acting_as, system
from audit.jobs.kinds import JobFile, JobKind, Slice, folder_of, kinds
from audit.jobs.models import Job
from audit.models import LogEntry
from audit.outbox.delivery import deliver_due
from config.access.models import User
from tests.audit.jobs.test_jobs import ask
from tests.audit.people import as_actor, browser_of, hire
from tests.payments.pages import MOST_QUERIES, words_of

pytestmark = pytest.mark.django_db
CONTENT = b"one,two\r\n" * 20_000
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _writing() -> Iterator[None]:
    def write(job: Job) -> Slice:
        stored = files.store([CONTENT], name=f"{folder_of(job)}/{uuid.uuid4().hex}")
        return Slice(2, {}, is_over=True, file=JobFile(stored, "naïve; x.csv", "text/csv"))

    known = dict(kinds)
    kinds["toys.count"] = JobKind("Counting", ("payments.view_payment",), write)
    with translation.override("en"):
        yield
    kinds.clear()
    kinds.update(known)


@pytest.fixture
def ada() -> User:
    return hire("Ada Lund", "support_agent")


@pytest.fixture
def job(ada: User) -> Job:
    with acting_as(as_actor(ada)):
        return ask(key="k")


def finish() -> None:
    with acting_as(system("test")):
        while deliver_due():
            pass


def page(browser: Client, job: Job, more: str = "", **headers: Any) -> Any:
    return browser.get(f"/jobs/{job.pk}/{more}", headers=headers)


def test_page_follows_its_job_and_is_read_anew_at_the_end(ada: User, job: Job) -> None:
    browser = browser_of(ada)
    assert "It waits for its turn" in words_of(page(browser, job))
    part = page(browser, job, "progress/", **HTMX)
    assert part.status_code == 200
    assert "HX-Refresh" not in part
    finish()
    part = page(browser, job, "progress/", **HTMX)
    assert (part.status_code, part["HX-Refresh"]) == (204, "true")
    words = words_of(page(browser, job))
    assert "Download" in words
    assert "2 of 2" in words


def test_file_comes_as_it_was_made_and_the_download_is_on_record(ada: User, job: Job) -> None:
    finish()
    browser = browser_of(ada)
    answer = page(browser, job, "file/")
    assert b"".join(answer.streaming_content) == CONTENT
    assert answer["Content-Length"] == str(len(CONTENT))
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert answer["Cache-Control"] == "no-store"
    entry = LogEntry.objects.get(event="access.jobs.file")
    assert (entry.object_pk, entry.actor_id) == (str(job.pk), ada.pk)


def test_colleague_sees_nothing_of_it_and_an_administrator_how_far_it_is(job: Job) -> None:
    finish()
    colleague = browser_of(hire("Ben Roth", "support_agent"))
    for more in ("", "progress/", "cancellation/", "file/"):
        assert page(colleague, job, more).status_code == 404
    assert "Counting" not in words_of(colleague.get("/jobs/?status=done"))
    admin = browser_of(hire("Max Adler", "access_administrator"))
    assert "Counting" in words_of(admin.get("/jobs/?status=done"))
    words = words_of(page(admin, job))
    assert "2 of 2" in words
    assert "Download" not in words
    assert page(admin, job, "file/").status_code == 403


def test_file_stays_shut_once_the_permission_is_gone(ada: User, job: Job) -> None:
    finish()
    browser = browser_of(ada)
    with acting_as(system("test")):
        ada.groups.clear()
    assert page(browser, job, "file/").status_code == 403
    assert "Download" not in words_of(page(browser, job))


def test_file_that_is_gone_is_said_to_be(ada: User, job: Job) -> None:
    browser = browser_of(ada)
    assert page(browser, job, "file/").status_code == 404
    finish()
    files.remove(Job.objects.get().file)
    answer = page(browser, job, "file/")
    assert answer.status_code == 404
    assert "not kept any longer" in answer.content.decode()


def test_job_is_stopped_by_a_post_and_not_by_a_look(ada: User, job: Job) -> None:
    browser = browser_of(ada)
    page(browser, job, "cancellation/")
    assert Job.objects.get().status == Job.Status.WAITING
    browser.post(f"/jobs/{job.pk}/cancellation/")
    assert "It was stopped" in words_of(page(browser, job))


@pytest.mark.parametrize("address", ["", "?status=nonsense", "?after=x", "?status=%00"])
def test_list_of_jobs_answers_every_address_within_its_statements(
    ada: User, job: Job, address: str
) -> None:
    browser = browser_of(ada)
    browser.get("/jobs/")
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(f"/jobs/{address}")
    assert len(queries) <= MOST_QUERIES
    assert "Counting" in words_of(answer)


def test_somebody_without_jobs_is_told_what_would_stand_here(ada: User) -> None:
    assert "stand here" in words_of(browser_of(ada).get("/jobs/"))

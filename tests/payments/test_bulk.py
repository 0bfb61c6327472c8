"""One act on several payments: first what would happen, then exactly that, each once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from audit import clock
from audit.actor import Actor, acting_as, operator, system
from audit.approvals.models import Approval
from audit.errors import Kind, Refusal
from audit.jobs.models import Job
from audit.jobs.tasks import run
from audit.models import LogEntry
from audit.notes.models import Tag, Tagging
from audit.outbox.commands import lease_messages
from audit.outbox.delivery import deliver_due
from audit.outbox.models import Message
from payments.commands.bulk import act_on_many
from payments.commands.refunds import refund_payment
from payments.forms import BulkForm
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Payment, Refund
from payments.proofs import payments_off
from payments.queries.bulk import MOST, Act
from payments.tasks import bulk
from tests.audit.people import as_actor, hire
from tests.payments import builders
from tests.payments.builders import authorized_payment, captured_payment, eur, new_payment
from tests.payments.pages import MOST_QUERIES, agent_browser, hidden, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
CARD = "4000 0566 " + "5566 5556"
REFUNDS, CAPTURES, VOIDS = (
    f"/payments/bulk/{act}/new/" for act in ("refunds", "captures", "voids")
)


@pytest.fixture(autouse=True)
def _english(somebody: Actor) -> Iterator[None]:
    builders.make_reason()
    with translation.override("en"):
        yield


@pytest.fixture
def agent() -> Client:
    return agent_browser()


@pytest.fixture
def lead() -> Client:
    return agent_browser("Lea Kurz", "support_lead")


def dry_run(browser: Client, url: str, *payments: Payment) -> Any:
    return browser.get(url, {"p": [payment.pk.hex for payment in payments]})


def rows_in(page: Any) -> list[str]:
    return re.findall(r'name="row"\s+value="([^"]+)"', page.content.decode())


def confirm(browser: Client, url: str, page: Any, **given: Any) -> Any:
    return browser.post(
        url,
        {
            "row": rows_in(page),
            "key": hidden(page, "key"),
            "reason": "requested_by_customer",
            **given,
        },
    )


def run_jobs(times: int = 30) -> None:
    """The slices of jobs alone: no provider is called here."""
    with acting_as(system("test")):
        for _ in range(times):
            for message in Message.objects.filter(task="jobs.run", status="waiting"):
                run(job_id=message.kwargs["job_id"])


def outcomes(job: Job) -> list[str]:
    return [one["outcome"] for one in Job.objects.get(pk=job.pk).state["results"]]


def test_dry_run_says_for_each_payment_what_would_happen_and_changes_nothing(
    agent: Client,
) -> None:
    small, large = captured_payment(eur(1_200)), captured_payment(eur(9_000))
    yen, open_ = captured_payment(Money(500, "JPY")), authorized_payment()
    before = LogEntry.objects.exclude(event__startswith="access.").count()
    page = dry_run(agent, REFUNDS, small, large, yen, open_)
    words = words_of(page)
    assert "3 of 4 chosen payments" in words
    for said in ("EUR 102.00", "JPY 500", "2 of them wait", "Nothing has been captured"):
        assert said in words
    assert rows_in(page) == [
        f"{small.pk.hex}:1200:EUR",
        f"{large.pk.hex}:9000:EUR",
        f"{yen.pk.hex}:500:JPY",
    ]
    assert LogEntry.objects.exclude(event__startswith="access.").count() == before
    look = LogEntry.objects.get(event="access.payments.bulk_refunds")
    assert look.additional_data["rows"] == 4


def test_dry_run_of_many_takes_few_statements(lead: Client) -> None:
    payments = [captured_payment(eur(100)) for _ in range(12)]
    for url in (REFUNDS, CAPTURES, VOIDS):
        dry_run(lead, url, payments[0])
        with CaptureQueriesContext(connection) as queries:
            dry_run(lead, url, *payments)
        assert len(queries) <= MOST_QUERIES


def test_refunds_are_made_as_shown_each_by_the_rules_of_one(agent: Client) -> None:
    small, large = captured_payment(eur(1_200)), captured_payment(eur(9_000))
    answer = confirm(agent, REFUNDS, dry_run(agent, REFUNDS, small, large), comment="Storm")
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    run_jobs()
    refunds = {one.payment_id: one for one in Refund.objects.all()}
    assert refunds[small.pk].status == Refund.Status.PENDING
    assert refunds[large.pk].status == Refund.Status.AWAITING_APPROVAL
    assert {one.amount_minor for one in refunds.values()} == {1_200, 9_000}
    assert {one.comment for one in refunds.values()} == {"Storm"}
    assert {one.requested_by for one in refunds.values()} == {job.asked_by}
    assert Approval.objects.get().requested_by == job.asked_by
    assert list(payments_off()) == []
    words = words_of(agent.get(answer["Location"]))
    for said in ("2 of 2", "On its way", "Waits for approval", refunds[small.pk].reference):
        assert said in words
    done = LogEntry.objects.filter(event="payments.refund.requested", actor=job.asked_by)
    assert {str(one.pk) for one in refunds.values()} <= {one.object_pk for one in done}


def test_captures_and_voids_are_made_as_shown(lead: Client) -> None:
    taken, let_go = authorized_payment(eur(700)), authorized_payment(eur(800))
    confirm(lead, CAPTURES, dry_run(lead, CAPTURES, taken))
    confirm(lead, VOIDS, dry_run(lead, VOIDS, let_go))
    run_jobs()
    assert Capture.objects.get(payment=taken).amount_minor == 700
    assert Attempt.objects.get(payment=let_go).status == Attempt.Status.VOIDING
    assert Attempt.objects.get(payment=taken).status == Attempt.Status.AUTHORIZED
    assert [outcomes(job) for job in Job.objects.all()] == [["requested"], ["requested"]]


def test_tag_is_put_on_each_and_a_repeat_changes_nothing(agent: Client) -> None:
    with acting_as(operator("test")):
        Tag.objects.create(code="storm", label="Storm")
        Tag.objects.create(code="old", label="Old", is_active=False)
    payments = [new_payment(), captured_payment()]
    url = "/payments/bulk/tags/new/"
    page = dry_run(agent, url, *payments)
    assert "Old" not in words_of(page)
    for wrong in ("", "old", "no_such", "\x00"):
        assert confirm(agent, url, page, tag=wrong).status_code == 400
    for _ in range(2):
        confirm(agent, url, dry_run(agent, url, *payments), tag="storm")
        run_jobs()
    assert {one.subject_id for one in Tagging.objects.filter(is_on=True)} == {
        one.pk for one in payments
    }
    assert [outcomes(job) for job in Job.objects.all()] == [["done", "done"]] * 2
    assert Tagging.objects.count() == 2


def test_payment_that_changed_since_the_dry_run_is_left_alone_and_said(agent: Client) -> None:
    changed, other = captured_payment(eur(1_000)), captured_payment(eur(1_000))
    page = dry_run(agent, REFUNDS, changed, other)
    builders.requested_refund(changed, eur(10))
    answer = confirm(agent, REFUNDS, page)
    run_jobs()
    assert outcomes(Job.objects.get()) == ["rejected", "requested"]
    assert [one.amount_minor for one in Refund.objects.filter(payment=changed)] == [10]
    assert "has changed since" in words_of(agent.get(answer["Location"]))
    agent.cookies["django_language"] = "fr"
    assert "Remboursement" in words_of(agent.get(answer["Location"]))


def test_confirmed_twice_is_one_job_and_one_refund_each(agent: Client) -> None:
    payment = captured_payment(eur(1_000))
    page = dry_run(agent, REFUNDS, payment)
    first, second = confirm(agent, REFUNDS, page), confirm(agent, REFUNDS, page)
    assert first["Location"] == second["Location"]
    run_jobs()
    assert (Job.objects.count(), Refund.objects.count()) == (1, 1)


def test_job_killed_in_the_middle_goes_on_without_doubling(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    payments = [captured_payment(eur(100 + number)) for number in range(25)]
    confirm(agent, REFUNDS, dry_run(agent, REFUNDS, *payments))
    done: list[uuid.UUID] = []
    real = refund_payment

    def dies_at_the_fourteenth(**given: Any) -> Refund:
        if len(done) == 13:
            done.append(given["payment_id"])
            raise Killed
        done.append(given["payment_id"])
        return real(**given)

    monkeypatch.setattr(bulk, "refund_payment", dies_at_the_fourteenth)
    with pytest.raises(Killed):
        run_jobs()
    assert Job.objects.get().done == 10
    assert Refund.objects.count() == 13
    run_jobs()
    job = Job.objects.get()
    assert (job.status, job.done) == (Job.Status.DONE, 25)
    assert sorted(one.amount_minor for one in Refund.objects.all()) == [
        100 + number for number in range(25)
    ]
    assert list(payments_off()) == []


def test_worker_that_lost_its_lease_doubles_nothing(agent: Client) -> None:
    payments = [captured_payment(eur(100)) for _ in range(3)]
    confirm(agent, REFUNDS, dry_run(agent, REFUNDS, *payments))
    with acting_as(system("test")):
        lease_messages(limit=100)
        with clock.at(clock.now() + timedelta(minutes=3)):
            deliver_due(limit=100)
        run_jobs(1)
    assert Refund.objects.count() == 3
    assert Job.objects.get().status == Job.Status.DONE


def test_job_stops_when_the_permission_is_taken_away(agent: Client) -> None:
    payments = [captured_payment(eur(100)) for _ in range(12)]
    confirm(agent, REFUNDS, dry_run(agent, REFUNDS, *payments))
    run_jobs(1)
    job = Job.objects.get()
    with acting_as(system("test")):
        job.asked_by.groups.clear()
    run_jobs()
    assert Refund.objects.count() == 10
    assert Job.objects.get().error == "not_allowed"


def test_stopped_job_leaves_the_rest_undone(agent: Client) -> None:
    payments = [captured_payment(eur(100)) for _ in range(12)]
    answer = confirm(agent, REFUNDS, dry_run(agent, REFUNDS, *payments))
    run_jobs(1)
    agent.post(f"{answer['Location']}cancellation/")
    run_jobs()
    assert Refund.objects.count() == 10
    words = words_of(agent.get(answer["Location"]))
    assert "It was stopped" in words
    assert words.count("not yet") == 2


@pytest.mark.parametrize(
    "rows",
    [
        [],
        ["x"],
        ["\x00"],
        ["0" * 32],
        [f"{'0' * 32}:-5:EUR"],
        [f"{'0' * 32}:5:eur"],
        [f"{'0' * 32}:{'9' * 30}:EUR"],
        [f"{'٠' * 32}:5:EUR"],
        [f"{'a' * 31}💳:5:EUR"],
    ],
)
def test_rows_that_no_dry_run_has_shown_are_refused(agent: Client, rows: list[str]) -> None:
    key = str(uuid.uuid4())
    answer = agent.post(REFUNDS, {"row": rows, "key": key, "reason": "requested_by_customer"})
    assert answer.status_code == 400
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"reason": ""},
        {"reason": "no_such"},
        {"comment": CARD},
        {"comment": "x" * 501},
        {"comment": "a\x00b"},
        {"key": ""},
        {"key": "x"},
    ],
)
def test_form_that_cannot_be_read_comes_back_with_its_rows(
    agent: Client, given: dict[str, str]
) -> None:
    page = dry_run(agent, REFUNDS, captured_payment(eur(100)))
    answer = confirm(agent, REFUNDS, page, **given)
    assert answer.status_code == 400
    assert rows_in(answer) == rows_in(page)
    assert not Job.objects.exists()


def test_amount_above_what_is_left_is_refused_row_by_row(agent: Client) -> None:
    payment = captured_payment(eur(1_000))
    for minor in (999, 1_001):
        row = [f"{payment.pk.hex}:{minor}:EUR"]
        key = str(uuid.uuid4())
        agent.post(REFUNDS, {"row": row, "key": key, "reason": "requested_by_customer"})
    run_jobs()
    assert [outcomes(job) for job in Job.objects.all()] == [["rejected"], ["rejected"]]
    assert not Refund.objects.exists()


def test_wrong_currency_and_unknown_payment_are_refused_row_by_row(agent: Client) -> None:
    payment = captured_payment(eur(1_000))
    rows = [f"{payment.pk.hex}:1000:JPY", f"{uuid.uuid4().hex}:5:EUR"]
    key = str(uuid.uuid4())
    agent.post(REFUNDS, {"row": rows, "key": key, "reason": "requested_by_customer"})
    run_jobs()
    assert outcomes(Job.objects.get()) == ["rejected", "rejected"]
    assert not Refund.objects.exists()


def test_nothing_chosen_is_said(agent: Client) -> None:
    for address in ("", "?p=x", f"?p={uuid.uuid4()}"):
        assert "No payments are chosen" in words_of(agent.get(REFUNDS + address))


def test_more_than_a_person_can_look_through_are_cut_and_said(
    agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments = [captured_payment(eur(100)) for _ in range(3)]
    monkeypatch.setattr("payments.queries.bulk.MOST", 2)
    monkeypatch.setattr("payments.views.bulk.MOST", 2)
    page = dry_run(agent, REFUNDS, *payments)
    assert "These are the first 2" in words_of(page)
    assert len(rows_in(page)) == 2


def test_command_refuses_too_many_doubled_and_none() -> None:
    actor = as_actor(hire("Ada Lund", "support_agent"))
    many = [(str(uuid.uuid4()), 1, "EUR") for _ in range(MOST + 1)]
    for rows in (many, [many[0], many[0]], []):
        with acting_as(actor), pytest.raises(Refusal):
            act_on_many(act=Act.REFUND, rows=rows, reason="requested_by_customer", key="k")
    with acting_as(actor), pytest.raises(Refusal) as refused:
        act_on_many(act=Act.VOID, rows=many[:1], key="k")
    assert refused.value.kind is Kind.FORBIDDEN


def test_agent_who_may_not_capture_is_offered_nothing_of_it(agent: Client, lead: Client) -> None:
    new_payment()
    assert [str(one.label) for one in agent.get("/payments/").context["acts"]] == [
        "Refund",
        "Tag",
    ]
    assert [str(one.label) for one in lead.get("/payments/").context["acts"]] == [
        "Refund",
        "Capture",
        "Void",
        "Tag",
    ]
    auditor = agent_browser("Eve Noll", "auditor")
    page = auditor.get("/payments/")
    assert page.context["acts"] == []
    assert "data-pick" not in page.content.decode()


@given(st.text())
def test_any_text_for_a_row_is_read_or_refused(text: str) -> None:
    data = QueryDict(mutable=True)
    data.setlist("row", [text])
    data["key"] = str(uuid.uuid4())
    assert not BulkForm(data).is_valid()

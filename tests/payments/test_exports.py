"""An export is the list on the screen as a file: same rows, same columns, on record twice."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from audit import clock
from audit.actor import Actor, acting_as, system
from audit.errors import Kind, Refusal
from audit.jobs.commands import advance_job
from audit.jobs.models import Job
from audit.jobs.tasks import run
from audit.looks import list_looks
from audit.models import LogEntry
from audit.outbox.models import Message
from payments.commands.exports import export_payments
from payments.ledger.money import Money
from payments.models import Payment
from payments.tables import COLUMNS, USUAL
from payments.tasks import exports
from tests.audit.people import as_actor, hire
from tests.payments import builders
from tests.payments.builders import captured_payment, eur, new_payment
from tests.payments.pages import agent_browser, hidden, references_in, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
NEW = "/payments/exports/new/"
EVERY = [name for name in COLUMNS if name != "reference"]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def lead() -> Client:
    return agent_browser("Lea Kurz", "support_lead")


def ask(browser: Client, query: str = "", file_format: str = "csv") -> Job:
    page = browser.get(f"{NEW}?{query}")
    answer = browser.post(f"{NEW}?{query}", {"format": file_format, "key": hidden(page, "key")})
    assert answer.status_code == 302, words_of(answer)
    return Job.objects.latest("asked_at")


def work(times: int = 10) -> None:
    with acting_as(system("test")):
        for _ in range(times):
            for message in Message.objects.filter(task="jobs.run", status="waiting"):
                run(job_id=message.kwargs["job_id"])


def fetch(browser: Client, job: Job) -> bytes:
    work()
    answer: Any = browser.get(f"/jobs/{job.pk}/file/")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def cells_on(page: Any) -> list[list[str]]:
    """The cells of the list as a person reads them."""
    table = page.context["table"]
    rows = []
    for row in table.rows:
        cells = [str(cell) for column, cell in row.items() if column.name != "pick"]
        rows.append([" ".join(unescape(strip(cell)).split()) for cell in cells])
    return rows


def strip(html: str) -> str:
    return strip_tags(html).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def some(somebody: Actor) -> None:
    captured_payment(eur(123_456), order_reference="A-1")
    captured_payment(Money(500, "JPY"))
    builders.answer_attempt(new_payment(), "declined", decline_code="lost_card")


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize("query", ["", "state=captured", "state=captured&currency=JPY", "amount=9"])
def test_file_holds_the_rows_and_columns_of_the_screen(lead: Client, query: str) -> None:
    lead.post("/payments/columns/", {"column": EVERY, "query": ""})
    page = lead.get(f"/payments/?{query}")
    heads, *lines = rows_of(fetch(lead, ask(lead, query)))
    assert [one for one in heads if one != "Currency"] == [
        str(column.label) for column in COLUMNS.values()
    ]
    assert [line[0] for line in lines] == references_in(page)
    on_screen = cells_on(page)
    for line, shown in zip(lines, on_screen, strict=True):
        cells = iter(line)
        for name, cell in zip(COLUMNS, shown, strict=True):
            exported = next(cells)
            if COLUMNS[name].is_amount:
                assert cell == f"{next(cells)} {float(exported):,.{2 if '.' in exported else 0}f}"
            elif name == "reference":
                assert cell == exported
            elif COLUMNS[name].cell != "moment":
                assert cell.lower() == (exported or "–").lower()


@pytest.mark.usefixtures("some")
def test_amounts_are_exact_text_beside_their_currency(lead: Client) -> None:
    _heads, *lines = rows_of(fetch(lead, ask(lead)))
    at = USUAL.index("amount")
    assert {tuple(line[at : at + 2]) for line in lines} == {
        ("1234.56", "EUR"),
        ("500", "JPY"),
        ("100.00", "EUR"),
    }


@pytest.mark.usefixtures("some")
def test_workbook_holds_the_same_as_text(lead: Client) -> None:
    lines = rows_of(fetch(lead, ask(lead)))
    book = openpyxl.load_workbook(io.BytesIO(fetch(lead, ask(lead, file_format="xlsx"))))
    cells = [[cell.value or "" for cell in row] for row in book.active.iter_rows()]
    assert cells == lines
    kinds = {cell.data_type for row in book.active.iter_rows() for cell in row}
    assert kinds <= {"s", "n"}
    assert not [c for row in book.active.iter_rows() for c in row if isinstance(c.value, float)]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "|"])
def test_nothing_is_a_formula_in_a_spreadsheet(start: str) -> None:
    cell = f"{start}HYPERLINK(1)"
    text = b"".join(exports.as_csv(["head"], [[cell]]))
    assert rows_of(text)[1] == [f"'{cell}"]
    book = openpyxl.load_workbook(io.BytesIO(b"".join(exports.as_xlsx(["head"], [[cell]]))))
    found = book.active["A2"]
    assert found.data_type == "s"


def test_formula_in_an_order_reference_is_neutralised_and_a_comma_quoted(lead: Client) -> None:
    captured_payment(order_reference='=1+1,"x"')
    _heads, line = rows_of(fetch(lead, ask(lead)))
    assert '\'=1+1,"x"' in line


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])), max_size=5))
def test_any_text_comes_back_from_csv_as_it_was_or_harmless(line: list[str]) -> None:
    found = rows_of(b"".join(exports.as_csv(["head"], [line])))[1:]
    assert found == [[exports.harmless(cell) for cell in line]] or (not any(line))


@pytest.mark.usefixtures("some")
def test_export_is_on_record_before_and_after_with_count_and_hash(lead: Client) -> None:
    job = ask(lead, "state=captured")
    content = fetch(lead, job)
    began = LogEntry.objects.get(event="access.payments.export_began")
    ended = LogEntry.objects.get(event="access.payments.exported")
    written = LogEntry.objects.get(event="jobs.job.finished")
    assert began.actor == ended.actor == job.asked_by
    assert began.additional_data["query"] == "state=captured"
    assert ended.additional_data["rows"] == 2
    assert ended.additional_data["sha256"] == hashlib.sha256(content).hexdigest()
    assert written.additional_data["sha256"] == hashlib.sha256(content).hexdigest()
    assert began.timestamp <= ended.timestamp
    assert began.effective_at < ended.effective_at
    assert LogEntry.objects.filter(event="access.jobs.file").count() == 1


@pytest.mark.usefixtures("some")
def test_who_has_seen_a_customer_tells_of_exports_too(lead: Client) -> None:
    job = ask(lead, "state=captured")
    fetch(lead, job)
    exported = Payment.objects.filter(status="captured")
    other = Payment.objects.get(status="failed")
    for payment in exported:
        assert payment.customer_id is not None
        [look] = list_looks([payment.customer_id]).filter(entry__event__contains="export")
        assert (look.entry.actor, look.entry.object_pk) == (job.asked_by, str(job.pk))
    assert other.customer_id is not None
    assert not list_looks([other.customer_id]).filter(entry__event__contains="export")


@pytest.mark.usefixtures("some")
def test_nobodys_personal_data_is_in_the_file(lead: Client) -> None:
    lead.post("/payments/columns/", {"column": EVERY, "query": ""})
    text = fetch(lead, ask(lead)).decode()
    assert "o•••@e•••.test" in text
    assert "odile" not in text.lower()


def test_rows_are_read_by_key_in_slices_none_twice_and_none_left_out(
    lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    monkeypatch.setattr(exports, "SLICE_S", -1.0)
    moment = clock.now() - timedelta(hours=1)
    with clock.at(moment):
        made = {new_payment(eur(100)).reference for _ in range(7)}
    job = ask(lead)
    work(1)
    assert (Job.objects.get(pk=job.pk).done, Job.objects.get(pk=job.pk).total) == (2, 7)
    later = new_payment()
    lines = rows_of(fetch(lead, job))[1:]
    assert sorted(line[0] for line in lines) == sorted(made)
    assert later.reference not in {line[0] for line in lines}
    done = Job.objects.get(pk=job.pk)
    assert (done.done, done.total, done.step) == (7, 7, 5)


def test_slice_done_twice_counts_once_in_the_file(
    lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    monkeypatch.setattr(exports, "SLICE_S", -1.0)
    made = {new_payment(eur(100)).reference for _ in range(5)}
    job = ask(lead)
    stale = Job.objects.get(pk=job.pk)
    work(1)
    with acting_as(system("test")):
        again = exports.run(stale)
        advance_job(job_id=job.pk, step=0, done=again.done, state=again.state)
    lines = rows_of(fetch(lead, job))[1:]
    assert sorted(line[0] for line in lines) == sorted(made)


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_more_rows_than_the_file_holds_fail_in_words(
    lead: Client, monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    monkeypatch.setattr(exports, "MOST", {"csv": 1, "xlsx": 1})
    for _ in range(2):
        new_payment()
    job = ask(lead, file_format=file_format)
    work()
    assert Job.objects.get(pk=job.pk).error == "too_many"
    assert "narrow the filters" in words_of(lead.get(f"/jobs/{job.pk}/"))


def test_empty_export_has_its_heads_alone(lead: Client) -> None:
    assert len(rows_of(fetch(lead, ask(lead, "state=refunded")))) == 1


def test_words_of_the_file_are_those_of_the_reader(lead: Client) -> None:
    captured_payment(eur(100))
    lead.cookies["django_language"] = "fr"
    heads, line = rows_of(fetch(lead, ask(lead, "amount=1,00")))
    assert heads[:4] == ["Paiement", "État", "Montant", "Devise"]
    assert line[1] == "capturé"


def test_without_the_permission_there_is_no_button_no_page_and_no_command() -> None:
    new_payment()
    agent = agent_browser()
    assert "Export" not in words_of(agent.get("/payments/"))
    assert agent.get(NEW).status_code == 403
    actor = as_actor(hire("Ada Lund", "support_agent"))
    with acting_as(actor), pytest.raises(Refusal) as refused:
        export_payments(
            query="", columns=[], file_format="csv", is_live=False, language="en", key="k"
        )
    assert refused.value.kind is Kind.FORBIDDEN
    assert not Job.objects.exists()


def test_export_and_its_file_ask_for_a_fresh_proof(lead: Client) -> None:
    sent = {"format": "csv", "key": hidden(lead.get(NEW), "key")}
    job = ask(lead)
    work()
    with clock.at(clock.now() + timedelta(minutes=12)):
        for answer in (lead.post(NEW, sent), lead.get(f"/jobs/{job.pk}/file/")):
            assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert Job.objects.count() == 1


def test_deep_page_of_many_reads_no_further_than_its_rows(lead: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        lead.get("/payments/?after=1700000000000000-" + "0" * 32)
    assert not [one for one in queries if "OFFSET" in one["sql"].upper()]


def test_sent_twice_is_one_job(lead: Client) -> None:
    page = lead.get(NEW)
    sent = {"format": "csv", "key": hidden(page, "key")}
    assert lead.post(NEW, sent)["Location"] == lead.post(NEW, sent)["Location"]


@pytest.mark.parametrize(
    "sent", [{"format": "pdf"}, {"format": ""}, {"format": "\x00"}, {"key": "x"}, {"key": ""}]
)
def test_form_that_cannot_be_read_is_refused(lead: Client, sent: dict[str, str]) -> None:
    given = {"format": "csv", "key": hidden(lead.get(NEW), "key"), **sent}
    assert lead.post(NEW, given).status_code == 400
    assert not Job.objects.exists()


@pytest.mark.parametrize("query", ["state=x", "amount=%00", "since=never", "merchant=x", "%ff"])
def test_filters_that_cannot_be_read_export_nothing_by_mistake(lead: Client, query: str) -> None:
    page = lead.get(f"{NEW}?{query}")
    assert page.status_code == 200
    if query != "%ff":
        assert "cannot be understood" in words_of(page)

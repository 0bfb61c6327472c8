"""Writing payments to a file: read by key in slices, then made into what was asked for.

Each slice leaves a sealed part behind, so that a worker that dies costs seconds. What is shown is
what the list shows: the same filters, columns and words.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from audit import files, keyset, log, looks
from audit.actor import current_actor
from audit.jobs.kinds import (
    JobFailed,
    JobFile,
    JobKind,
    Slice,
    folder_of,
    kinds,
    parts_of,
)
from audit.jobs.models import Job
from audit.models import LogEntry
from audit.modes import LIVE, word_of
from payments.commands.exports import EXPORT, JOB_KIND
from payments.filters import PaymentFilter
from payments.ledger.money import Money
from payments.models import Payment
from payments.parties.queries import list_merchants
from payments.queries.beside import look_beside
from payments.queries.search import Wanted, list_wanted
from payments.tables import COLUMNS, Value

PAGE = 1000
SLICE_S = 5.0
MOST = {"csv": 1_000_000, "xlsx": 200_000}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# What a spreadsheet would take for a formula when a cell begins with it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|")
ERRORS = {
    "too_many": _("These are more rows than such a file holds: narrow the filters, or take CSV."),
    "filters_unreadable": _("The filters cannot be read any more: set them anew."),
}

Line = list[str]


def run(job: Job) -> Slice:
    """One slice: some seconds of reading, or, when all is read, the file itself."""
    with translation.override(job.given["language"]):
        if job.state.get("is_read"):
            return _finish(job)
        if job.step == 0:
            _on_record("access.payments.export_began", job, {})
        return _read(job)


def wanted_of(query: str, *, is_live: bool) -> Wanted:
    """What the address of a list asks for; a failed job when it cannot be read."""
    form = PaymentFilter(QueryDict(query), list_merchants())
    if not form.is_valid():
        raise JobFailed("filters_unreadable")
    return form.wanted(is_live=is_live)


def _mode_of(job: Job) -> str:
    """One that was asked for before there was a choice is of tests."""
    return word_of(bool(job.is_live))


def _read(job: Job) -> Slice:
    # What is taken meanwhile is not in it: the list as it was when it was asked for.
    wanted = wanted_of(job.given["query"], is_live=_mode_of(job) == LIVE)
    found = list_wanted(wanted).filter(created_at__lte=job.asked_at)
    most = MOST[job.given["format"]]
    total = job.total or keyset.count_up_to(found, most)
    if total > most:
        raise JobFailed("too_many")
    reader = _Reader(job, found)
    # A name of its own: of two workers at the same slice one's part counts, whole.
    part = files.store(reader, name=f"{parts_of(job)}/{uuid.uuid4().hex}")
    _note_who_was_seen(job, reader)
    state = {
        "parts": [*job.state.get("parts", []), part.name],
        "cursor": str(reader.cursor) if reader.cursor else "",
        "is_read": reader.cursor is None,
    }
    return Slice(job.done + reader.rows, state, total=total)


def _note_who_was_seen(job: Job, reader: _Reader) -> None:
    """Each customer whose payments are in this part: "who has seen this customer" finds it."""
    data = {"data": "payment", "rows": reader.rows, "subjects": len(reader.subjects)}
    event, action = "access.payments.export_read", LogEntry.Action.ACCESS
    entry = log.make_entry(current_actor(), event, action=action, obj=job, data=data)
    log.write([entry])
    looks.write(entry, list(reader.subjects))


class _Reader:
    """Pages of payments as lines of JSON, until the time of a slice is over."""

    def __init__(self, job: Job, found: QuerySet[Payment]) -> None:
        cursor = job.state.get("cursor")
        self.cursor = keyset.Cursor.read(cursor) if cursor else None
        self.rows = 0
        self.subjects: set[uuid.UUID] = set()
        self._columns: list[str] = job.given["columns"]
        self._found = found

    def __iter__(self) -> Iterator[bytes]:
        until = time.monotonic() + SLICE_S
        while True:
            place = keyset.Place(self.cursor)
            page = keyset.take(self._found, place, by="created_at", descending=True, size=PAGE)
            for line in lines_of(page.rows, self._columns):
                yield json.dumps(line).encode() + b"\n"
            self.rows += len(page.rows)
            self.subjects.update(looks.subjects_of(page.rows))
            self.cursor = page.after
            if self.cursor is None or time.monotonic() > until:
                return


def lines_of(payments: list[Payment], columns: list[str]) -> list[Line]:
    """The cells of payments, as text. Two SELECTs at most for what stands beside them."""
    beside = look_beside(payments, columns)
    return [
        [
            cell
            for name in columns
            for cell in _cells(name, COLUMNS[name].value(payment, beside), payment)
        ]
        for payment in payments
    ]


def heads_of(columns: list[str]) -> Line:
    """The words above the columns; an amount's currency stands beside it."""
    return [
        str(words)
        for name in columns
        for words in (
            (COLUMNS[name].label, _("Currency"))
            if COLUMNS[name].is_amount
            else (COLUMNS[name].label,)
        )
    ]


def _cells(name: str, value: Value, payment: Payment) -> Line:
    if COLUMNS[name].is_amount:
        # Text with every decimal: no spreadsheet rounds what is no number.
        return [value.plain(), value.currency] if isinstance(value, Money) else ["", ""]
    if isinstance(value, datetime):
        return [value.astimezone(UTC).isoformat(timespec="seconds")]
    return [str(value or "")]


# The file ----------------------------------------------------------------------------------------


def _finish(job: Job) -> Slice:
    kind = job.given["format"]
    heads = heads_of(job.given["columns"])
    lines = _lines_in(job.state["parts"])
    content = as_csv(heads, lines) if kind == "csv" else as_xlsx(heads, lines)
    stored = files.store(content, name=f"{folder_of(job)}/{uuid.uuid4().hex}")
    _on_record("access.payments.exported", job, {"rows": job.done, "sha256": stored.digest})
    title = f"payments-{_mode_of(job)}-{job.asked_at:%Y-%m-%d-%H%M}.{kind}"
    return Slice(job.done, {}, is_over=True, file=JobFile(stored, title, TYPES[kind]))


def _lines_in(names: Iterable[str]) -> Iterator[Line]:
    for name in names:
        with files.open_sealed(name) as part:
            for line in part:
                yield json.loads(line)


def as_csv(heads: Line, lines: Iterable[Line]) -> Iterator[bytes]:
    """UTF-8 with a mark by which spreadsheets know it; what they would run is quoted."""
    yield "\N{ZERO WIDTH NO-BREAK SPACE}".encode()
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([harmless(cell) for cell in heads])
    for number, line in enumerate(lines):
        writer.writerow([harmless(cell) for cell in line])
        if number % PAGE == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _emptied(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def as_xlsx(heads: Line, lines: Iterable[Line]) -> Iterator[bytes]:
    """A workbook of text cells, written row by row: the whole is never in memory."""
    with tempfile.TemporaryDirectory(prefix="comptoir-export-") as folder:
        path = Path(folder) / "export.xlsx"
        options = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        }
        with xlsxwriter.Workbook(str(path), options) as book:
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            bold = book.add_format({"bold": True})
            for at, words in enumerate(heads):
                sheet.write_string(0, at, words, bold)
            for row, line in enumerate(lines, start=1):
                for at, cell in enumerate(line):
                    sheet.write_string(row, at, cell)
        with path.open("rb") as content:
            while part := content.read(files.CHUNK):
                yield part


def _on_record(event: str, job: Job, more: dict[str, Any]) -> None:
    """An export is a look at data: one entry before the first byte, one with count and hash."""
    data = {
        "data": "payment",
        "fields": job.given["columns"],
        "query": job.given["query"],
        "format": job.given["format"],
        "mode": _mode_of(job),
        **more,
    }
    log.record(event, action=LogEntry.Action.ACCESS, obj=job, data=data)


def register() -> None:
    kinds[JOB_KIND] = JobKind(
        label=_("Export of payments"),
        permissions=("payments.view_payment", EXPORT),
        run=run,
        errors=ERRORS,
        back=lambda job: f"{reverse('payments:list')}?{job.given['query']}",
    )

import sqlite3
from datetime import datetime

from payments.gateways.sandbox.provider.calls import Call, Question, View, get_row
from payments.gateways.sandbox.provider.errors import CallError
from payments.gateways.sandbox.provider.events import record_event
from payments.gateways.sandbox.provider.identifiers import new_id
from payments.gateways.sandbox.provider.store import insert

from .holds import get_open, part_row, remaining_amount
from .voids import capture_view, let_go


def capture(call: Call) -> View:
    """Take part or all of what an authorization holds; a final one lets go of the rest."""
    hold = get_open(call.db, call.target, call.at)
    left = remaining_amount(hold)
    amount = call.fields.optional_amount() or left
    if amount > left:
        raise CallError(422, "capture_exceeds_authorized", f"Only {left} is left to capture.")
    reference = call.fields.optional_text("reference")
    view = add_capture(call.db, hold, amount, reference, at=call.at, quiet=call.quiet)
    if call.fields.flag("final") and amount < left:
        let_go(call.db, hold, left - amount, reference, at=call.at, quiet=call.quiet)
    return view


def add_capture(
    db: sqlite3.Connection,
    hold: sqlite3.Row,
    amount: int,
    reference: str | None,
    *,
    at: datetime,
    quiet: bool,
) -> View:
    """Write a capture that the caller has found to be covered."""
    identifier = new_id("cap")
    insert(db, "captures", part_row(identifier, hold, amount, reference, at))
    db.execute(
        "UPDATE authorizations SET captured_amount = captured_amount + ?, latest_capture = ? "
        "WHERE id = ?",
        (amount, identifier, hold["id"]),
    )
    view = capture_view(get_row(db, "captures", identifier))
    record_event(db, "capture.succeeded", view, at=at, quiet=quiet)
    return view


def get_capture(question: Question) -> View:
    return capture_view(get_row(question.db, "captures", question.target))


def list_captures(question: Question) -> View:
    """The captures of an authorization, oldest first."""
    get_row(question.db, "authorizations", question.target)
    rows = question.db.execute(
        "SELECT * FROM captures WHERE authorization = ? ORDER BY sequence", (question.target,)
    )
    return {"data": [capture_view(row) for row in rows]}

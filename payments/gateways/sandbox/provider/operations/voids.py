import sqlite3
from datetime import datetime, timedelta

from payments.gateways.sandbox.provider.calls import Call, Question, View, get_row
from payments.gateways.sandbox.provider.clock import parse, stamp
from payments.gateways.sandbox.provider.errors import CallError
from payments.gateways.sandbox.provider.events import record_event
from payments.gateways.sandbox.provider.identifiers import new_id
from payments.gateways.sandbox.provider.store import insert

from .holds import current_view, get_open, part_row, part_view, remaining_amount

SETTLES_AFTER = timedelta(hours=24)
"""So long a capture can be taken back; then only a refund gives the money back."""


def void(call: Call) -> View:
    """Give back part or all of what an authorization still holds."""
    hold = get_open(call.db, call.target, call.at)
    left = remaining_amount(hold)
    amount = call.fields.optional_amount() or left
    if amount > left:
        raise CallError(422, "void_exceeds_authorized", f"Only {left} is left to void.")
    reference = call.fields.optional_text("reference")
    return let_go(call.db, hold, amount, reference, at=call.at, quiet=call.quiet)


def let_go(
    db: sqlite3.Connection,
    hold: sqlite3.Row,
    amount: int,
    reference: str | None,
    *,
    at: datetime,
    quiet: bool,
) -> View:
    """Write a void of what the caller has found to be held still."""
    identifier = new_id("void")
    insert(db, "voids", part_row(identifier, hold, amount, reference, at))
    db.execute(
        "UPDATE authorizations SET voided_amount = voided_amount + ? WHERE id = ?",
        (amount, hold["id"]),
    )
    view = current_view(db, hold["id"], at)
    record_event(db, "authorization.voided", view, at=at, quiet=quiet)
    return void_view(get_row(db, "voids", identifier))


def settles_at(capture: sqlite3.Row) -> datetime:
    """When a capture goes to the bank and can be taken back no more."""
    return parse(capture["created"]) + SETTLES_AFTER


def void_capture(call: Call) -> View:
    """Take a whole capture back before it is settled: the cardholder is never charged."""
    capture = get_row(call.db, "captures", call.target)
    if capture["status"] != "succeeded":
        raise CallError(409, "capture_voided", "The capture has been voided.")
    if call.at >= settles_at(capture):
        raise CallError(409, "capture_settled", "The capture has been settled: refund it.")
    if capture["refunded_amount"]:
        raise CallError(409, "capture_refunded", "Some of the capture has been refunded.")
    hold = get_row(call.db, "authorizations", capture["authorization"])
    identifier = new_id("void")
    reference = call.fields.optional_text("reference")
    row = part_row(identifier, hold, capture["amount"], reference, call.at)
    insert(call.db, "voids", {**row, "capture": capture["id"]})
    call.db.execute("UPDATE captures SET status = 'voided' WHERE id = ?", (capture["id"],))
    call.db.execute(
        "UPDATE authorizations SET captured_amount = captured_amount - ?, "
        "voided_amount = voided_amount + ? WHERE id = ?",
        (capture["amount"], capture["amount"], hold["id"]),
    )
    view = capture_view(get_row(call.db, "captures", capture["id"]))
    record_event(call.db, "capture.voided", view, at=call.at, quiet=call.quiet)
    return void_view(get_row(call.db, "voids", identifier))


def capture_view(row: sqlite3.Row) -> View:
    is_voided = row["status"] == "voided"
    return {
        **part_view("capture", row),
        "refunded_amount": row["refunded_amount"],
        "refundable_amount": 0 if is_voided else row["amount"] - row["refunded_amount"],
        "settles_at": stamp(settles_at(row)),
    }


def void_view(row: sqlite3.Row) -> View:
    return {**part_view("void", row), "capture": row["capture"]}


def get_void(question: Question) -> View:
    return void_view(get_row(question.db, "voids", question.target))


def list_voids(question: Question) -> View:
    """The voids of an authorization, oldest first."""
    get_row(question.db, "authorizations", question.target)
    rows = question.db.execute(
        "SELECT * FROM voids WHERE authorization = ? ORDER BY sequence", (question.target,)
    )
    return {"data": [void_view(row) for row in rows]}

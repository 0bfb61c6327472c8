import sqlite3
from datetime import timedelta

from payments.gateways.sandbox.provider.calls import Call, Question, View, get_row
from payments.gateways.sandbox.provider.cards import find_card
from payments.gateways.sandbox.provider.clock import stamp
from payments.gateways.sandbox.provider.errors import CallError
from payments.gateways.sandbox.provider.events import record_event
from payments.gateways.sandbox.provider.identifiers import acquirer_reference, new_id
from payments.gateways.sandbox.provider.plans import Due, plan
from payments.gateways.sandbox.provider.store import insert

FAILS_AFTER = timedelta(days=5)


def refund_authorization(call: Call) -> View:
    """Give back over all captures of an authorization, the oldest first."""
    hold = get_row(call.db, "authorizations", call.target)
    captures = call.db.execute(
        "SELECT * FROM captures WHERE authorization = ? AND refunded_amount < amount "
        "AND status = 'succeeded' ORDER BY sequence",
        (hold["id"],),
    ).fetchall()
    return _refund(call, hold, captures, capture=None)


def refund_capture(call: Call) -> View:
    """Give back part or all of one capture."""
    row = get_row(call.db, "captures", call.target)
    hold = get_row(call.db, "authorizations", row["authorization"])
    if row["status"] != "succeeded":
        raise CallError(409, "capture_voided", "The capture has been voided.")
    return _refund(call, hold, [row], capture=row["id"])


def _refund(
    call: Call, hold: sqlite3.Row, captures: list[sqlite3.Row], *, capture: str | None
) -> View:
    left = sum(row["amount"] - row["refunded_amount"] for row in captures)
    if not left:
        raise CallError(409, "nothing_to_refund", "Nothing is left to refund.")
    amount = call.fields.optional_amount() or left
    if amount > left:
        raise CallError(422, "refund_exceeds_captured", f"Only {left} is left to refund.")
    card = find_card(hold["card"])
    if card.behaviour.refund_refusal:
        raise CallError(422, card.behaviour.refund_refusal, "The card takes nothing back.")
    identifier = new_id("ref")
    row = {
        "id": identifier,
        "authorization": hold["id"],
        "capture": capture,
        "reference": call.fields.optional_text("reference"),
        "currency": hold["currency"],
        "amount": amount,
        "status": "succeeded",
        "arn": acquirer_reference(identifier, card.bin, call.at),
        "created": stamp(call.at),
    }
    insert(call.db, "refunds", row)
    _spread(call.db, identifier, captures, amount)
    _change_refunded(call.db, hold["id"], amount)
    if card.behaviour.refund_failure:
        plan(call.db, "refund_fails", identifier, at=call.at + FAILS_AFTER, quiet=call.quiet)
    view = refund_view(call.db, get_row(call.db, "refunds", identifier))
    record_event(call.db, "refund.succeeded", view, at=call.at, quiet=call.quiet)
    return view


def _spread(
    db: sqlite3.Connection, identifier: str, captures: list[sqlite3.Row], amount: int
) -> None:
    for row in captures:
        part = min(amount, row["amount"] - row["refunded_amount"])
        if not part:
            break
        insert(db, "refund_parts", {"refund": identifier, "capture": row["id"], "amount": part})
        db.execute(
            "UPDATE captures SET refunded_amount = refunded_amount + ? WHERE id = ?",
            (part, row["id"]),
        )
        amount -= part


def _change_refunded(db: sqlite3.Connection, authorization: str, amount: int) -> None:
    db.execute(
        "UPDATE authorizations SET refunded_amount = refunded_amount + ? WHERE id = ?",
        (amount, authorization),
    )


def fail_when_due(due: Due) -> None:
    """The card's bank sends a refund back days after it was accepted."""
    row = get_row(due.db, "refunds", due.target)
    card = find_card(get_row(due.db, "authorizations", row["authorization"])["card"])
    due.db.execute(
        "UPDATE refunds SET status = 'failed', failure_reason = ?, failed_at = ? WHERE id = ?",
        (card.behaviour.refund_failure, stamp(due.at), row["id"]),
    )
    due.db.execute(
        "UPDATE captures SET refunded_amount = captures.refunded_amount - part.amount "
        "FROM refund_parts AS part WHERE part.refund = ? AND part.capture = captures.id",
        (row["id"],),
    )
    _change_refunded(due.db, row["authorization"], -row["amount"])
    view = refund_view(due.db, get_row(due.db, "refunds", row["id"]))
    record_event(due.db, "refund.failed", view, at=due.at, quiet=due.quiet)


def refund_view(db: sqlite3.Connection, row: sqlite3.Row) -> View:
    parts = db.execute(
        "SELECT part.capture, part.amount FROM refund_parts AS part "
        "JOIN captures ON captures.id = part.capture "
        "WHERE part.refund = ? ORDER BY captures.sequence",
        (row["id"],),
    )
    return {
        "object": "refund",
        "id": row["id"],
        "authorization": row["authorization"],
        "capture": row["capture"],
        "reference": row["reference"],
        "status": row["status"],
        "currency": row["currency"],
        "amount": row["amount"],
        "parts": [{"capture": part["capture"], "amount": part["amount"]} for part in parts],
        "arn": row["arn"],
        "failure_reason": row["failure_reason"],
        "failed_at": row["failed_at"],
        "created": row["created"],
    }


def get_refund(question: Question) -> View:
    return refund_view(question.db, get_row(question.db, "refunds", question.target))


def list_refunds(question: Question) -> View:
    """The refunds of an authorization, oldest first."""
    get_row(question.db, "authorizations", question.target)
    rows = question.db.execute(
        "SELECT * FROM refunds WHERE authorization = ? ORDER BY sequence", (question.target,)
    ).fetchall()
    return {"data": [refund_view(question.db, row) for row in rows]}

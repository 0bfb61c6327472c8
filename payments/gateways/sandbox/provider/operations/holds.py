"""What an authorization still holds: shared by all that use it up."""

import json
import sqlite3
from datetime import datetime

from payments.gateways.sandbox.provider.calls import Question, View, get_row
from payments.gateways.sandbox.provider.clock import parse, stamp
from payments.gateways.sandbox.provider.errors import CallError

APPROVED = ("authorized", "partially_authorized")


def capturable_amount(row: sqlite3.Row, at: datetime) -> int:
    if row["status"] not in APPROVED or at >= parse(row["expires_at"]):
        return 0
    return remaining_amount(row)


def remaining_amount(row: sqlite3.Row) -> int:
    used: int = row["captured_amount"] + row["voided_amount"] + row["expired_amount"]
    return int(row["approved_amount"]) - used


def get_open(db: sqlite3.Connection, identifier: str, at: datetime) -> sqlite3.Row:
    """An authorization of which something is left; raises CallError saying why nothing is."""
    row = get_row(db, "authorizations", identifier)
    if row["status"] not in APPROVED:
        raise CallError(409, "authorization_not_approved", f"The authorization is {row['status']}.")
    if at >= parse(row["expires_at"]):
        raise CallError(
            409, "authorization_expired", f"The authorization expired at {row['expires_at']}."
        )
    if not remaining_amount(row):
        raise CallError(409, "authorization_used_up", "Nothing is left of the authorization.")
    return row


def authorization_view(row: sqlite3.Row, at: datetime) -> View:
    return {
        "object": "authorization",
        "id": row["id"],
        "status": row["status"],
        "reference": row["reference"],
        "key": row["key"],
        "card": row["card"],
        "capture": row["capture"],
        "currency": row["currency"],
        "amount": row["amount"],
        "approved_amount": row["approved_amount"],
        "captured_amount": row["captured_amount"],
        "voided_amount": row["voided_amount"],
        "expired_amount": row["expired_amount"],
        "refunded_amount": row["refunded_amount"],
        "capturable_amount": capturable_amount(row, at),
        "refundable_amount": row["captured_amount"] - row["refunded_amount"],
        "avs_result": row["avs_result"],
        "cvv_result": row["cvv_result"],
        "three_ds": json.loads(row["three_ds"]) if row["three_ds"] else None,
        "network": row["network"],
        "network_transaction_id": row["network_transaction_id"],
        "network_response_code": row["network_response_code"],
        "decline_code": row["decline_code"],
        "decline_message": row["decline_message"],
        "latest_capture": row["latest_capture"],
        "expires_at": row["expires_at"],
        "created": row["created"],
    }


def get_authorization(question: Question) -> View:
    row = get_row(question.db, "authorizations", question.target)
    return authorization_view(row, question.at)


def current_view(db: sqlite3.Connection, identifier: str, at: datetime) -> View:
    return authorization_view(get_row(db, "authorizations", identifier), at)


def part_row(
    identifier: str, hold: sqlite3.Row, amount: int, reference: str | None, at: datetime
) -> dict[str, object]:
    """The columns that captures, increments and voids have in common."""
    return {
        "id": identifier,
        "authorization": hold["id"],
        "reference": reference,
        "currency": hold["currency"],
        "amount": amount,
        "status": "succeeded",
        "created": stamp(at),
    }


def part_view(kind: str, row: sqlite3.Row) -> View:
    return {
        "object": kind,
        "id": row["id"],
        "authorization": row["authorization"],
        "reference": row["reference"],
        "status": row["status"],
        "currency": row["currency"],
        "amount": row["amount"],
        "created": row["created"],
    }

import json
import sqlite3
from datetime import datetime, timedelta
from typing import Any

from payments.gateways.sandbox.provider.behaviours import Behaviour
from payments.gateways.sandbox.provider.calls import Call, View, get_row
from payments.gateways.sandbox.provider.cards import Card, find_card
from payments.gateways.sandbox.provider.clock import stamp
from payments.gateways.sandbox.provider.declines import AUTHENTICATION_FAILED, DECLINES, Decline
from payments.gateways.sandbox.provider.errors import CallError
from payments.gateways.sandbox.provider.events import record_event
from payments.gateways.sandbox.provider.identifiers import network_transaction, new_id
from payments.gateways.sandbox.provider.plans import Due, plan
from payments.gateways.sandbox.provider.store import insert

from .captures import add_capture
from .holds import APPROVED, authorization_view, current_view, remaining_amount

LIFE = timedelta(days=7)
RESOLVES_AFTER = timedelta(minutes=10)
UNRESOLVED = ("requires_action", "pending")

STATUS_OF = {
    "approved": "authorized",
    "partial": "partially_authorized",
    "declined": "declined",
    "challenge": "requires_action",
    "pending": "pending",
}


def authorize(call: Call) -> View:
    """Ask the issuer behind the card, and capture at once when told to."""
    fields = call.fields
    amount, currency = fields.amount(), fields.currency()
    card = find_card(fields.text("card"))
    reference = fields.text("reference")
    capture = fields.choice("capture", ("automatic", "manual"), default="manual")
    identifier = new_id("auth")
    row = {
        "id": identifier,
        "reference": reference,
        "card": card.token,
        "currency": currency,
        "capture": capture,
        "amount": amount,
        "network": card.network,
        "network_transaction_id": network_transaction(identifier),
        "expires_at": stamp(call.at + LIFE),
        "created": stamp(call.at),
        "key": call.key,
        **_first_answer(card, identifier, amount),
    }
    insert(call.db, "authorizations", row)
    if row["status"] in UNRESOLVED:
        plan(
            call.db,
            "authorization_resolves",
            identifier,
            at=call.at + RESOLVES_AFTER,
            quiet=call.quiet,
        )
    return _announce(call.db, identifier, at=call.at, quiet=call.quiet)


def _first_answer(card: Card, identifier: str, amount: int) -> dict[str, Any]:
    behaviour = card.behaviour
    status = STATUS_OF[behaviour.outcome]
    approved = 0
    if status == "authorized":
        approved = amount
    elif status == "partially_authorized":
        approved = max(1, amount * 6 // 10)
        status = "authorized" if approved == amount else status
    decline = behaviour.decline if status == "declined" else None
    return {
        "status": status,
        "approved_amount": approved,
        "three_ds": _three_ds(behaviour, identifier),
        **_checks(status, decline),
    }


def _checks(status: str, decline: Decline | None) -> dict[str, Any]:
    """What the issuer said of address and security code, and why it declined."""
    asked = status in APPROVED or status == "declined"
    wrong_cvc = decline is not None and decline.code == "incorrect_cvc"
    unreached = decline is not None and decline.code == "issuer_unavailable"
    return {
        "avs_result": ("U" if unreached else "Y") if asked else None,
        "cvv_result": ("N" if wrong_cvc else "U" if unreached else "M") if asked else None,
        "network_response_code": decline.network_response_code
        if decline
        else ("00" if status in APPROVED else None),
        "decline_code": decline.code if decline else None,
        "decline_message": decline.message if decline else None,
    }


def _three_ds(behaviour: Behaviour, identifier: str) -> str | None:
    if behaviour.frictionless:
        return json.dumps({"version": "2.2.0", "flow": "frictionless", "result": "Y", "eci": "05"})
    if behaviour.outcome == "challenge":
        return json.dumps(
            {
                "version": "2.2.0",
                "flow": "challenge",
                "result": "C",
                "eci": None,
                "challenge_url": f"/control/authorizations/{identifier}/resolve",
            }
        )
    return None


def _announce(db: sqlite3.Connection, identifier: str, *, at: datetime, quiet: bool) -> View:
    """Make the event of the status just reached and what an approval brings with it."""
    row = get_row(db, "authorizations", identifier)
    view = authorization_view(row, at)
    record_event(db, f"authorization.{row['status']}", view, at=at, quiet=quiet)
    if row["status"] not in APPROVED:
        return view
    if row["capture"] == "automatic":
        add_capture(db, row, remaining_amount(row), row["reference"], at=at, quiet=quiet)
    elif not quiet:
        # Those of the past do not expire by themselves: their captures are still to come.
        plan(db, "authorization_expires", identifier, at=at + LIFE, quiet=quiet)
    return current_view(db, identifier, at)


def resolve(
    db: sqlite3.Connection, identifier: str, outcome: str, *, at: datetime, quiet: bool
) -> View:
    """End a challenge or a pending authorization: as told, or `by_token`."""
    row = get_row(db, "authorizations", identifier)
    if row["status"] not in UNRESOLVED:
        raise CallError(409, "authorization_resolved", f"The authorization is {row['status']}.")
    behaviour = find_card(row["card"]).behaviour
    decline = _final_decline(row, behaviour, outcome)
    status = "declined" if decline else "authorized"
    answer = {
        "id": identifier,
        "status": status,
        "approved_amount": 0 if decline else row["amount"],
        "three_ds": _challenge_result(row["three_ds"], passed=decline is None),
        "expires_at": stamp(at + LIFE),
        **_checks(status, decline),
    }
    db.execute(
        "UPDATE authorizations SET status = :status, approved_amount = :approved_amount, "
        "three_ds = :three_ds, expires_at = :expires_at, avs_result = :avs_result, "
        "cvv_result = :cvv_result, network_response_code = :network_response_code, "
        "decline_code = :decline_code, decline_message = :decline_message WHERE id = :id",
        answer,
    )
    return _announce(db, identifier, at=at, quiet=quiet)


def _final_decline(row: sqlite3.Row, behaviour: Behaviour, outcome: str) -> Decline | None:
    if outcome == "approved" or (outcome == "by_token" and behaviour.decline is None):
        return None
    if behaviour.decline:
        return behaviour.decline
    from_challenge = row["status"] == "requires_action"
    return AUTHENTICATION_FAILED if from_challenge else DECLINES["do_not_honor"]


def _challenge_result(three_ds: str | None, *, passed: bool) -> str | None:
    if three_ds is None:
        return None
    result = {"result": "Y", "eci": "05"} if passed else {"result": "N", "eci": "07"}
    known = {name: value for name, value in json.loads(three_ds).items() if "url" not in name}
    return json.dumps({**known, **result})


def resolve_when_due(due: Due) -> None:
    """The cardholder or the issuer answers at last, unless somebody was faster."""
    if get_row(due.db, "authorizations", due.target)["status"] in UNRESOLVED:
        resolve(due.db, due.target, "by_token", at=due.at, quiet=due.quiet)


def expire_when_due(due: Due) -> None:
    """What nobody captured in time goes back to the cardholder."""
    left = remaining_amount(get_row(due.db, "authorizations", due.target))
    if not left:
        return
    due.db.execute(
        "UPDATE authorizations SET expired_amount = expired_amount + ? WHERE id = ?",
        (left, due.target),
    )
    view = current_view(due.db, due.target, due.at)
    record_event(due.db, "authorization.expired", view, at=due.at, quiet=due.quiet)

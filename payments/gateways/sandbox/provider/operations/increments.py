from payments.gateways.sandbox.provider.calls import Call, Question, View, get_row
from payments.gateways.sandbox.provider.errors import CallError
from payments.gateways.sandbox.provider.events import record_event
from payments.gateways.sandbox.provider.identifiers import new_id
from payments.gateways.sandbox.provider.money import LARGEST_AMOUNT
from payments.gateways.sandbox.provider.store import insert

from .holds import current_view, get_open, part_row, part_view


def increment(call: Call) -> View:
    """Raise what an open authorization holds."""
    hold = get_open(call.db, call.target, call.at)
    amount = call.fields.amount()
    if hold["amount"] + amount > LARGEST_AMOUNT:
        raise CallError(422, "amount_invalid", f"The total lies above {LARGEST_AMOUNT}.")
    identifier = new_id("inc")
    reference = call.fields.optional_text("reference")
    insert(call.db, "increments", part_row(identifier, hold, amount, reference, call.at))
    call.db.execute(
        "UPDATE authorizations SET amount = amount + ?, approved_amount = approved_amount + ? "
        "WHERE id = ?",
        (amount, amount, hold["id"]),
    )
    view = current_view(call.db, hold["id"], call.at)
    record_event(call.db, "authorization.incremented", view, at=call.at, quiet=call.quiet)
    return part_view("increment", get_row(call.db, "increments", identifier))


def get_increment(question: Question) -> View:
    return part_view("increment", get_row(question.db, "increments", question.target))


def list_increments(question: Question) -> View:
    """The increments of an authorization, oldest first."""
    get_row(question.db, "authorizations", question.target)
    rows = question.db.execute(
        "SELECT * FROM increments WHERE authorization = ? ORDER BY sequence", (question.target,)
    )
    return {"data": [part_view("increment", row) for row in rows]}

from payments.gateways.sandbox.provider.calls import Call, Question, View, get_row
from payments.gateways.sandbox.provider.errors import CallError
from payments.gateways.sandbox.provider.events import record_event
from payments.gateways.sandbox.provider.identifiers import new_id
from payments.gateways.sandbox.provider.store import insert

from .holds import current_view, get_open, part_row, part_view, remaining_amount


def void(call: Call) -> View:
    """Give back part or all of what an authorization still holds."""
    hold = get_open(call.db, call.target, call.at)
    left = remaining_amount(hold)
    amount = call.fields.optional_amount() or left
    if amount > left:
        raise CallError(422, "void_exceeds_authorized", f"Only {left} is left to void.")
    identifier = new_id("void")
    reference = call.fields.optional_text("reference")
    insert(call.db, "voids", part_row(identifier, hold, amount, reference, call.at))
    call.db.execute(
        "UPDATE authorizations SET voided_amount = voided_amount + ? WHERE id = ?",
        (amount, hold["id"]),
    )
    view = current_view(call.db, hold["id"], call.at)
    record_event(call.db, "authorization.voided", view, at=call.at, quiet=call.quiet)
    return part_view("void", get_row(call.db, "voids", identifier))


def get_void(question: Question) -> View:
    return part_view("void", get_row(question.db, "voids", question.target))


def list_voids(question: Question) -> View:
    """The voids of an authorization, oldest first."""
    get_row(question.db, "authorizations", question.target)
    rows = question.db.execute(
        "SELECT * FROM voids WHERE authorization = ? ORDER BY sequence", (question.target,)
    )
    return {"data": [part_view("void", row) for row in rows]}

"""What became of a call whose answer was lost."""

import json
from collections.abc import Callable
from dataclasses import replace

from .calls import Question, View
from .errors import CallError
from .operations.captures import get_capture
from .operations.holds import get_authorization
from .operations.increments import get_increment
from .operations.refunds import get_refund
from .operations.voids import get_void

CURRENT: dict[str, Callable[[Question], View]] = {
    "authorization": get_authorization,
    "capture": get_capture,
    "increment": get_increment,
    "refund": get_refund,
    "void": get_void,
}


def get_operation(question: Question) -> View:
    """What a key did: the answer it got, and the object as it is now.

    Not found means that nothing was done with the key; 409 that its call is still under way.
    """
    key = question.query.get("key")
    if not key:
        raise CallError(422, "key_missing", "The query names no key.")
    row = question.db.execute("SELECT * FROM operations WHERE key = ?", (key,)).fetchone()
    if row is None and question.in_flight(key):
        raise CallError(
            409,
            "idempotency_key_in_use",
            "A call with this key is under way.",
            {"Retry-After": "1"},
        )
    if row is None:
        raise CallError(404, "operation_not_found", "No call with this key did anything.")
    return {
        "object": "operation",
        "key": row["key"],
        "path": row["path"],
        "kind": row["object"],
        "id": row["object_id"],
        "created": row["created"],
        "answer": json.loads(row["answer"]),
        "current": CURRENT[row["object"]](replace(question, target=row["object_id"])),
    }

import sqlite3
import time
from typing import Any

from .calls import Question, View, get_row
from .manners import TRIED_ONCE, Manner
from .store import insert


def add_delivery(db: sqlite3.Connection, event: str, manner: Manner, *, delay_s: float = 0) -> None:
    """Queue an event for its receiver; due in real time, whatever the sandbox's clock says."""
    if manner is Manner.DROPPED:
        return
    due = time.time() + (delay_s if manner is Manner.LATE else 0)
    for _ in range(2 if manner is Manner.TWICE else 1):
        insert(db, "deliveries", {"event": event, "manner": manner.value, "due": due})


def next_delivery(db: sqlite3.Connection) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM deliveries WHERE state = 'waiting' ORDER BY due, sequence LIMIT 1"
    ).fetchone()
    return row


def record_attempt(
    db: sqlite3.Connection,
    delivery: sqlite3.Row,
    backoff: tuple[float, ...],
    *,
    status: int | None,
    error: str | None,
) -> None:
    """Only 2xx is success and 410 is goodbye; anything else is tried again while there is
    a step of the backoff left."""
    attempts = delivery["attempts"] + 1
    state, due = "waiting", delivery["due"]
    if status is not None and 200 <= status < 300:
        state = "delivered"
    elif status == 410 or attempts > len(backoff) or Manner(delivery["manner"]) in TRIED_ONCE:
        state = "failed"
    else:
        due = time.time() + backoff[attempts - 1]
    db.execute(
        "UPDATE deliveries SET attempts = ?, state = ?, due = ?, last_status = ?, last_error = ? "
        "WHERE sequence = ?",
        (attempts, state, due, status, error, delivery["sequence"]),
    )


def list_deliveries(question: Question) -> View:
    """The deliveries, newest first, of all events or of the one named by `event`."""
    event = question.query.get("event", "")
    if event:
        get_row(question.db, "events", event)
    rows = question.db.execute(
        "SELECT * FROM deliveries WHERE :event = '' OR event = :event "
        "ORDER BY sequence DESC LIMIT :limit",
        {"event": event, "limit": question.limit()},
    )
    return {"data": [_view(row) for row in rows]}


def _view(row: sqlite3.Row) -> dict[str, Any]:
    names = ("event", "manner", "state", "attempts", "last_status", "last_error")
    return {"object": "delivery", **{name: row[name] for name in names}}

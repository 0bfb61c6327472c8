import json
import sqlite3
from datetime import datetime
from typing import Any

from .calls import Question, View, get_row
from .clock import stamp
from .identifiers import new_id
from .store import insert


def record_event(
    db: sqlite3.Connection, kind: str, data: View, *, at: datetime, quiet: bool
) -> None:
    """Store what happened; unless quiet it waits for the sender."""
    insert(
        db,
        "events",
        {
            "id": new_id("evt"),
            "type": kind,
            "about": data["id"],
            "data": json.dumps(data),
            "created": stamp(at),
            "waiting": not quiet,
        },
    )


def event_view(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "object": "event",
        "id": row["id"],
        "type": row["type"],
        "created": row["created"],
        "sequence": row["sequence"],
        "data": json.loads(row["data"]),
    }


def get_event(question: Question) -> View:
    return event_view(get_row(question.db, "events", question.target))


def list_events(question: Question) -> View:
    """Events in the order they were made: after one of them, of a type, about an object."""
    sequence = 0
    if after := question.query.get("after"):
        sequence = get_row(question.db, "events", after)["sequence"]
    limit = question.limit()
    rows = question.db.execute(
        "SELECT * FROM events WHERE sequence > :sequence AND (:type = '' OR type = :type) "
        "AND (:about = '' OR about = :about) ORDER BY sequence LIMIT :limit",
        {
            "sequence": sequence,
            "type": question.query.get("type", ""),
            "about": question.query.get("about", ""),
            "limit": limit + 1,
        },
    ).fetchall()
    return {"data": [event_view(row) for row in rows[:limit]], "has_more": len(rows) > limit}

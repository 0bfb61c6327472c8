import hashlib
import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from .calls import View
from .clock import stamp
from .errors import CallError
from .store import insert

KEY = re.compile(r"[\x21-\x7e]{1,255}")


def check_key(key: str | None) -> str:
    if key is None:
        raise CallError(400, "idempotency_key_missing", "The Idempotency-Key header is missing.")
    if not KEY.fullmatch(key):
        raise CallError(
            400, "idempotency_key_invalid", "The key is 1 to 255 visible ASCII characters."
        )
    return key


def fingerprint(path: str, canonical_body: str) -> str:
    return hashlib.sha256(f"{path}\n{canonical_body}".encode()).hexdigest()


class KeysInFlight:
    """The keys whose calls are under way in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[str] = set()

    @contextmanager
    def claim(self, key: str) -> Iterator[None]:
        with self._lock:
            if key in self._keys:
                raise CallError(
                    409,
                    "idempotency_key_in_use",
                    "A call with this key is under way.",
                    {"Retry-After": "1"},
                )
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)

    def holds(self, key: str) -> bool:
        with self._lock:
            return key in self._keys


def find_answer(db: sqlite3.Connection, key: str, print_of_call: str) -> str | None:
    """The stored answer of an earlier call with this key; raises CallError if that was another."""
    row = db.execute("SELECT fingerprint, answer FROM operations WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != print_of_call:
        raise CallError(
            422, "idempotency_key_reused", "The key belongs to a call with another content."
        )
    return str(row["answer"])


def remember(
    db: sqlite3.Connection, key: str, path: str, print_of_call: str, made: View, at: datetime
) -> str:
    """Store what a key did, in the transaction that does it; the text of the answer."""
    answer = json.dumps(made)
    insert(
        db,
        "operations",
        {
            "key": key,
            "path": path,
            "fingerprint": print_of_call,
            "object": made["object"],
            "object_id": made["id"],
            "answer": answer,
            "created": stamp(at),
        },
    )
    return answer


def previous_id(db: sqlite3.Connection, answer: View) -> str | None:
    """The id that the last other call of the same kind was answered with."""
    row = db.execute(
        "SELECT object_id FROM operations WHERE object = ? AND object_id <> ? "
        "ORDER BY sequence DESC LIMIT 1",
        (answer.get("object"), answer.get("id")),
    ).fetchone()
    return row["object_id"] if row else None

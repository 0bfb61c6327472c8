"""The same capture as a good hand would write it: psycopg alone, two pipelines, prepared.

It writes the same rows: the payment, the capture, two entries of the log, the message. BEGIN goes
with both reads, COMMIT with all writes: two waits, which is as few as it can be. Nothing is
checked that our command does not check, and less.
"""

from __future__ import annotations

import json
import os
import random
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bench.work import serve

REPLAY = "SELECT id, fingerprint FROM payments_capture WHERE key = %s"
LOAD = """SELECT p.id, p.reference, p.currency, p.status, p.authorized_minor, p.captured_minor,
    p.capture_pending_minor, a.id, a.connector, a.status, a.expires_at
    FROM payments_attempt a JOIN payments_payment p ON p.id = a.payment_id
    WHERE a.payment_id = %s ORDER BY a.number DESC LIMIT 1 FOR UPDATE"""
UPDATE = "UPDATE payments_payment SET capture_pending_minor = %s WHERE id = %s"


def insert(table: str, columns: str, rows: int = 1) -> str:
    places = ", ".join(["%s"] * len(columns.split(",")))
    return f"INSERT INTO {table} ({columns}) VALUES {', '.join([f'({places})'] * rows)}"


CAPTURE = (
    "id, key, fingerprint, connector, provider_reference, raw_status, asked_times, payment_id,"
    " attempt_id, amount_minor, currency, status, created_at, failure_code"
)
ENTRY = (
    "id, event, outcome, command_id, content_type_id, object_pk, object_repr, action, actor_id,"
    " actor_kind, actor_label, actor_roles, purpose, cid, effective_at, remote_addr, changes,"
    " serialized_data, changes_text, additional_data"
)
MESSAGE = "id, task, kwargs, status, attempts, next_at, command_id, request_id, made_at, error"
EMPTY: dict[str, Any] = {"boolean": False, "bigint": 0, "smallint": 0, "integer": 0}
"""What stands in a column that a new capture leaves empty; text where nothing is said."""


class Raw:
    """One connection, in autocommit, so that BEGIN and COMMIT are statements like others."""

    def __init__(self, url: str) -> None:
        self.db = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=1,
            options="-c default_transaction_isolation=serializable",
        )
        rows = self.db.execute(
            "SELECT id FROM payments_payment WHERE amount_minor = 900000000 ORDER BY id"
        )
        self.payments = [row[0] for row in rows]
        kinds = self.db.execute(
            "SELECT model, id FROM django_content_type WHERE app_label = 'payments'"
        )
        self.kinds = dict(kinds.fetchall())
        self.actor = self._one("SELECT id FROM access_user WHERE email = 'bench@house.test'")
        self.entry = insert("audit_logentry", self._entry_columns(), rows=2)
        self.capture_sql, self.capture_rest = self._insert("payments_capture", CAPTURE)
        self.message_sql, self.message_rest = self._insert("outbox_message", MESSAGE)

    def _insert(self, table: str, columns: str) -> tuple[str, list[Any]]:
        """The INSERT, and what goes into the columns that must hold something and are not named."""
        rest = self.db.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL"
            " AND column_name <> ALL(%s)",
            [table, columns.split(", ")],
        ).fetchall()
        names = ", ".join([columns, *(name for name, _ in rest)])
        return insert(table, names), [EMPTY.get(kind, "") for _, kind in rest]

    def _one(self, sql: str) -> Any:
        row = self.db.execute(sql).fetchone()
        assert row is not None
        return row[0]

    def _entry_columns(self) -> str:
        there = {
            row[0]
            for row in self.db.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = 'audit_logentry'"
            )
        }
        return ", ".join(one for one in ENTRY.split(", ") if one.strip() in there)

    def capture(self) -> None:
        key, now, command = uuid.uuid4().hex, datetime.now(UTC), uuid.uuid4()
        db = self.db
        with db.pipeline():
            db.execute("BEGIN")
            replay = db.execute(REPLAY, [key])
            load = db.execute(LOAD, [random.choice(self.payments)])
        if replay.fetchone() is not None:
            db.execute("ROLLBACK")
            return
        row = load.fetchone()
        assert row is not None
        payment, reference, currency, _, held, captured, pending, attempt, connector, status, _ = (
            row
        )
        assert status == "authorized"
        assert held - captured - pending >= 1
        capture = uuid.uuid4()
        entries = self._entries(payment, reference, pending, capture, attempt, key, now, command)
        kwargs = Jsonb({"capture_id": str(capture)})
        with db.pipeline():
            db.execute(UPDATE, [pending + 1, payment])
            db.execute(
                self.capture_sql,
                [capture, key, key, connector, "", "", 0, payment, attempt, 1, currency,
                 "pending", now, "", *self.capture_rest],
            )  # fmt: skip
            db.execute(self.entry, entries)
            db.execute(
                self.message_sql,
                [uuid.uuid4(), "payments.send_capture", kwargs, "waiting", 0, now, command,
                 key, now, "", *self.message_rest],
            )  # fmt: skip
            db.execute("COMMIT")

    def _entries(
        self,
        payment: uuid.UUID,
        reference: str,
        pending: int,
        capture: uuid.UUID,
        attempt: uuid.UUID,
        key: str,
        now: datetime,
        command: uuid.UUID,
    ) -> list[Any]:
        made = {
            "id": str(capture), "key": key, "fingerprint": key, "connector": "sandbox",
            "asked_times": "0", "payment_id": str(payment), "attempt_id": str(attempt),
            "amount_minor": "1", "currency": "EUR", "status": "pending", "created_at": str(now),
        }  # fmt: skip
        changed = {"capture_pending_minor": [str(pending), str(pending + 1)]}
        return [
            *self._entry("capture", 0, capture, f"capture {capture.hex[:8]}",
                         {name: ["None", value] for name, value in made.items()}, now, command),
            *self._entry("payment", 1, payment, reference, changed, now, command),
        ]  # fmt: skip

    def _entry(
        self,
        kind: str,
        action: int,
        pk: uuid.UUID,
        told: str,
        changes: dict[str, Any],
        now: datetime,
        command: uuid.UUID,
    ) -> list[Any]:
        values = {
            "id": uuid.uuid4(), "event": "payments.capture.requested", "outcome": "done",
            "command_id": command, "content_type_id": self.kinds[kind], "object_pk": str(pk),
            "object_repr": told, "action": action, "actor_id": self.actor, "actor_kind": "user",
            "actor_label": "U-BENCH", "actor_roles": Jsonb(["support_lead"]), "purpose": "",
            "cid": "bench", "effective_at": now, "remote_addr": "127.0.0.1",
            "changes": Jsonb(changes, json.dumps), "serialized_data": None, "changes_text": "",
            "additional_data": None,
        }  # fmt: skip
        return [values[name.strip()] for name in self._entry_columns_list()]

    def _entry_columns_list(self) -> list[str]:
        if not hasattr(self, "_names"):
            self._names = self._entry_columns().split(", ")
        return self._names


if __name__ == "__main__":
    assert sys.argv[1:]
    serve(Raw(os.environ["RAW_URL"]).capture)

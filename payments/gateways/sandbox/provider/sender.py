import http.client
import sqlite3
import threading
import time
import traceback
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from .calls import get_row
from .deliveries import add_delivery, next_delivery, record_attempt
from .errors import StartError
from .manners import Manner, make_message
from .store import Store

TIMEOUT_S = 15.0
IDLE_S = 1.0


@dataclass
class Armed:
    """How the next events are to arrive."""

    manner: Manner
    times: int
    seconds: float
    held: list[str] = field(default_factory=list)

    def view(self) -> dict[str, Any]:
        return {"manner": self.manner.value, "times": self.times, "seconds": self.seconds}


class Target:
    """Where webhooks go, and the secrets they are signed with."""

    def __init__(self, url: str, secrets: list[str]) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError as error:
            raise StartError(f"the webhook URL is not an address: {url}") from error
        if parts.scheme not in ("http", "https") or not self._host:
            raise StartError(f"the webhook URL is not an http(s) address: {url}")
        if not secrets:
            raise StartError("a webhook URL needs at least one --webhook-secret")
        try:
            self.signers = [Webhook(secret) for secret in secrets]
        except (ValueError, EmptyWebhookSecretError) as error:
            raise StartError("a webhook secret is whsec_ and base64") from error
        self._secure = parts.scheme == "https"
        self._path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"

    def post(self, headers: dict[str, str], body: bytes) -> int:
        """One attempt; redirects are not followed."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", self._path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


class Sender:
    """Delivers events one after the other from a thread of its own."""

    def __init__(self, store: Store, target: Target | None, backoff: tuple[float, ...]) -> None:
        self._store = store
        self._target = target
        self._backoff = backoff
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._armed: list[Armed] = []

    def start(self) -> None:
        threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    def wake(self) -> None:
        self._wake.set()

    def arm(self, manner: Manner, times: int, seconds: float) -> None:
        with self._lock:
            self._armed.append(Armed(manner, times, seconds))

    def disarm(self) -> None:
        with self._lock:
            self._armed.clear()

    def armed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [armed.view() for armed in self._armed]

    def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                self._queue_new_events()
                pause = self._deliver_next()
            except sqlite3.Error:
                traceback.print_exc()
                pause = IDLE_S
            if pause > 0:
                self._wake.wait(min(pause, IDLE_S))

    def _queue_new_events(self) -> None:
        with self._store.reading() as db:
            if not db.execute("SELECT 1 FROM events WHERE waiting LIMIT 1").fetchone():
                return
        with self._lock, self._store.writing() as db:
            events = db.execute(
                "SELECT id FROM events WHERE waiting ORDER BY sequence LIMIT 500"
            ).fetchall()
            for event in events:
                if self._target is not None:
                    self._queue(db, event["id"])
                db.execute("UPDATE events SET waiting = 0 WHERE id = ?", (event["id"],))

    def _queue(self, db: sqlite3.Connection, event: str) -> None:
        if not self._armed:
            add_delivery(db, event, Manner.PLAIN)
            return
        armed = self._armed[0]
        armed.times -= 1
        if armed.times == 0:
            self._armed.pop(0)
        if armed.manner is not Manner.REVERSED:
            add_delivery(db, event, armed.manner, delay_s=armed.seconds)
            return
        armed.held.append(event)
        if armed.times == 0:
            for held in reversed(armed.held):
                add_delivery(db, held, Manner.PLAIN)

    def _deliver_next(self) -> float:
        """Make the attempt that is due; how many seconds nothing is to be done."""
        if self._target is None:
            return IDLE_S
        with self._store.reading() as db:
            delivery = next_delivery(db)
            if delivery is None:
                return IDLE_S
            if (pause := delivery["due"] - time.time()) > 0:
                return float(pause)
            event = get_row(db, "events", delivery["event"])
        message = make_message(event, Manner(delivery["manner"]), self._target.signers)
        status, error = None, None
        try:
            status = self._target.post(*message)
        except (OSError, ValueError, http.client.HTTPException) as caught:
            error = f"{type(caught).__name__}: {caught}"
        with self._store.writing() as db:
            record_attempt(db, delivery, self._backoff, status=status, error=error)
        return 0

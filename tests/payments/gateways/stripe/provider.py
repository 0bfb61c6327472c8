"""A server of ours that speaks as Stripe's public API does (`house.py`), with faults to arm."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from tests.payments.gateways.stripe.house import Body, FakeStripe, Params, Refused

OPERATIONS = {
    "capture": "capture",
    "cancel": "void",
    "increment_authorization": "increment",
    "refunds": "refund",
    "payment_intents": "authorize",
}
# The others that come before anything is done are named `status_code`, such as 401_api_key_expired.
BEFORE = {
    "429": (429, "lock_timeout"),
    "500_before": (500, "api_error"),
    "refused": (400, "payment_intent_unexpected_state"),
}
AFTER = ("timeout_after", "500_after", "truncated_json", "wrong_amount", "hang", "hung_up_after")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    house: ClassVar[FakeStripe]

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        url = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        params = dict(parse_qsl(url.query or raw))
        self.house.calls.append((method, url.path, params, dict(self.headers)))
        last = url.path.rsplit("/", 1)[-1]
        operation = OPERATIONS.get(last, "retrieve") if method == "POST" else "retrieve"
        fault, seconds = self.house.armed.pop(operation, ("", 0.0))
        if not self._goes_wrong_before(fault, seconds):
            status, body = self._perform(method, url.path, params, fault)
            self._answer_with(status, body, fault, seconds)

    def _goes_wrong_before(self, fault: str, seconds: float) -> bool:
        if fault in ("no_connection", "timeout_before"):
            time.sleep(seconds if fault == "timeout_before" else 0)
            self.close_connection = True
            return True
        if fault and fault not in AFTER:
            status, code = BEFORE.get(fault) or (int(fault[:3]), fault[4:])
            error = {"error": {"type": code, "code": code}}
            self._send(status, json.dumps(error).encode(), retry_after=seconds)
            return True
        return False

    def _perform(self, method: str, path: str, params: Params, fault: str) -> tuple[int, Body]:
        key = self.headers.get("Idempotency-Key") if method == "POST" else None
        content = json.dumps([path, sorted(params.items())])
        with self.house.lock:
            if key and key in self.house.answered:
                known, status, body = self.house.answered[key]
                if known != content:
                    return 400, {"error": {"type": "idempotency_error"}}
                return status, body
            try:
                status, body = 200, self.house.perform(method, path, params)
            except Refused as no:
                status, body = no.status, {"error": no.error}
            body = json.loads(json.dumps(body))
            if fault == "500_after":
                status, body = 500, {"error": {"type": "api_error"}}
            if key and status not in (400, 404):
                self.house.answered[key] = (content, status, body)
            return status, body

    def _answer_with(self, status: int, body: Body, fault: str, seconds: float) -> None:
        if fault in ("timeout_after", "hang"):
            time.sleep(seconds)
        if fault == "hung_up_after":
            self.close_connection = True
            return
        if fault == "wrong_amount":
            wrong = "amount_received" if self.path.endswith("/capture") else "amount"
            body = {**body, wrong: body[wrong] + 1}
        raw = json.dumps(body).encode()
        self._send(status, raw[:40] if fault == "truncated_json" else raw)

    def _send(self, status: int, raw: bytes, retry_after: float = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        if retry_after:
            self.send_header("Retry-After", str(int(retry_after)))
        self.end_headers()
        self.wfile.write(raw)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: Any) -> None:
        """Who gave up waiting is no error here."""


@contextmanager
def running_stripe() -> Iterator[FakeStripe]:
    """The server on a port of its own, until the block ends."""
    house = FakeStripe()
    with _Quiet(("127.0.0.1", 0), type("Bound", (Handler,), {"house": house})) as server:
        house.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield house
        server.shutdown()
        thread.join()

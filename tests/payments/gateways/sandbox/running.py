"""A sandbox provider as a real process, and a receiver for its webhooks."""

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[4]
COMMAND = (sys.executable, "-m", "payments.gateways.sandbox.provider")
DEADLINE_S = 10.0


def wait_until(condition: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
    """What the condition returns as soon as that is true; fails when it takes too long."""
    end = time.monotonic() + deadline_s
    while not (result := condition()):
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.01)
    return result


@dataclass
class Sandbox:
    """A running provider with the calls that tests make most."""

    url: str
    store: Path
    process: subprocess.Popen[str]
    client: httpx.Client

    def post(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        key: str | None = None,
        fault: str | None = None,
        timeout: float = DEADLINE_S,
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if fault:
            headers["Sandbox-Fault"] = fault
        return self.client.post(path, json=body or {}, headers=headers, timeout=timeout)

    def get(self, path: str, **query: str | int) -> Any:
        response = self.client.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def made(self, path: str, body: dict[str, Any] | None = None, **options: Any) -> Any:
        """The object that a call made; the call must succeed."""
        response = self.post(path, body, **options)
        assert response.status_code == 201, response.text
        return response.json()

    def authorize(self, amount: int = 10_000, **changes: Any) -> Any:
        return self.made("/v1/authorizations", authorization_body(amount, **changes))

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        response = self.client.post(f"/control/{path}", json=body or {})
        assert response.status_code == 200, response.text
        return response.json()

    def events(self, **query: str | int) -> list[Any]:
        events: list[Any] = self.get("/v1/events", **query)["data"]
        return events

    def events_of(self, identifier: str) -> list[str]:
        """The types of the events about one object, in their order."""
        return [event["type"] for event in self.events(about=identifier)]


def authorization_body(amount: int = 10_000, **changes: Any) -> dict[str, Any]:
    body = {
        "amount": amount,
        "currency": "EUR",
        "card": "tok_visa_approved",
        "reference": "order-1",
        "capture": "manual",
    }
    return {**body, **changes}


def error_code(response: httpx.Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert error["message"]
    return response.status_code, error["code"]


@contextmanager
def running_sandbox(store: Path, *options: str) -> Iterator[Sandbox]:
    """Start a provider on a free port and end it afterwards."""
    command = [*COMMAND, "--port", "0", "--store", str(store), *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "listening on" in line, "the provider did not start"
        url = line.split()[-1]
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert client.get("/healthz").status_code == 200
            yield Sandbox(url, store, process, client)
    finally:
        process.terminate()
        process.wait(DEADLINE_S)
        process.stdout.close()


@dataclass
class Receiver:
    """A webhook endpoint that keeps what it got; `statuses` are its next answers."""

    port: int = 0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/sandbox/"

    def wait_for(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        wait_until(lambda: len(self.got) >= count)
        return self.got


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.statuses.pop(0) if receiver.statuses else 200
            # Kept before it is answered: the next one may come as soon as it is.
            receiver.got.append((dict(self.headers), body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()

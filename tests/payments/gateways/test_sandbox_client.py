"""Answers that no provider gives but something on the way to it may."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from payments.gateways.errors import GatewayError, Rejected, Unavailable, Unknown
from payments.gateways.sandbox.client import Client
from payments.gateways.sandbox.gateway import SandboxGateway
from payments.gateways.wire import LARGEST_ANSWER
from payments.ledger.money import Money

PROBLEM = b'{"error": {"code": "no", "message": "No."}}'


@contextmanager
def answering(status: int, body: bytes, drip_s: float = 0) -> Iterator[str]:
    """A server that always says the same, a byte at a time if told to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                for start in range(0, len(body), 1 if drip_s else len(body)):
                    self.wfile.write(body[start : start + 1] if drip_s else body)
                    time.sleep(drip_s)
            except OSError:
                self.close_connection = True

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"<html>", Unknown),
        (200, b"", Unknown),
        (200, b"[]", Unknown),
        (200, b"[" * 100_000, Unknown),
        (200, b'{"a":' + b"9" * 5_000 + b"}", Unknown),
        (200, b" " * (LARGEST_ANSWER + 1), Unknown),
        (204, b"", Unknown),
        (302, b"", Unknown),
        (404, b"<html>Not here", Unknown),
        (404, b'{"detail": "Not here"}', Unknown),
        (404, b'{"error": "not here"}', Unknown),
        (400, b'{"error": {"code": 7}}', Unknown),
        (408, PROBLEM, Unknown),
        (500, PROBLEM, Unknown),
        (502, b"<html>", Unknown),
        (503, b"", Unknown),
        (429, b"", Unavailable),
        (400, PROBLEM, Rejected),
        (404, PROBLEM, Rejected),
        (409, PROBLEM, Rejected),
        (422, PROBLEM, Rejected),
    ],
)
def test_only_the_providers_own_no_is_a_no(
    status: int, body: bytes, expected: type[GatewayError]
) -> None:
    with answering(status, body) as url, pytest.raises(GatewayError) as caught:
        Client(url, 5).post("capture", "/v1/x", "key", {})
    assert type(caught.value) is expected


def test_answer_that_trickles_is_given_up_after_the_timeout() -> None:
    started = time.monotonic()
    with (
        answering(200, b'{"a": "' + b"x" * 200 + b'"}', drip_s=0.1) as url,
        pytest.raises(Unknown),
    ):
        Client(url, 0.5).get("totals", "/v1/totals")
    assert time.monotonic() - started < 5


def test_find_that_is_refused_is_not_taken_for_never_done() -> None:
    with answering(422, PROBLEM) as url:
        gateway = SandboxGateway(url, 5, [])
        with pytest.raises(Rejected):
            gateway.find_operation("key")


def test_log_has_neither_tokens_nor_keys_nor_bodies(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(422, PROBLEM) as url:
        gateway = SandboxGateway(url, 5, [])
        with pytest.raises(Rejected):
            gateway.get_card("tok_secret")
        with pytest.raises(Rejected):
            gateway.authorize(
                key="key-secret",
                amount=Money(1, "EUR"),
                card_token="tok_secret",
                reference="reference-secret",
            )
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("payments.")]
    assert len(ours) == 2
    assert "secret" not in str(ours)

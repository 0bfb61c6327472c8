"""A shop's receiver: a real HTTP server on loopback, which behaves as it is told to."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

Manner = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """What it says, proved as a shop proves it."""
        return Webhook(secret).verify(self.body, dict(self.headers))


@dataclass
class Receiver:
    """What came, and how the next ones are answered: the last manner stays."""

    url: str
    received: list[Received] = field(default_factory=list)
    manners: list[Manner] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def then(self, *manners: Manner) -> Receiver:
        self.manners[:] = manners
        return self

    def next_manner(self) -> Manner:
        with self.lock:
            if len(self.manners) > 1:
                return self.manners.pop(0)
            return self.manners[0] if self.manners else ok

    def bodies(self, secret: str) -> list[Any]:
        return [one.verified(secret) for one in self.received]


def answering(status: int, body: bytes = b"", **headers: str) -> Manner:
    """A plain answer."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


ok = answering(200)


def resetting(handler: BaseHTTPRequestHandler) -> None:
    """The connection is reset in the face of the sender."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()


def hanging(until: threading.Event) -> Manner:
    """No answer before `until`."""

    def hang(handler: BaseHTTPRequestHandler) -> None:
        until.wait(20)

    return hang


def dripping(until: threading.Event) -> Manner:
    """An answer, byte by byte, each well within any time-out of a read."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        for sign in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 400:
            if until.wait(0.05):
                return
            handler.wfile.write(bytes([sign]))
            handler.wfile.flush()

    return drip


def flooding(handler: BaseHTTPRequestHandler) -> None:
    """An answer that does not end."""
    handler.send_response(500)
    handler.end_headers()
    for _ in range(20_000):
        handler.wfile.write(b"x" * 4096)


@contextmanager
def running() -> Iterator[Receiver]:
    """A receiver for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            try:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, body))
                receiver.next_manner()(self)
            except OSError:
                pass
            finally:
                self.close_connection = True

        def do_GET(self) -> None:
            receiver.received.append(Received(self.path, {}, b"GET"))
            ok(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hooks")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

import contextlib
import json
import socket
import struct
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote

from .errors import CallError, StartError
from .messages import Delivery, Reply, Request, refusal
from .provider import Provider

LARGEST_BODY = 64 * 1024
HOST = "127.0.0.1"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, provider: Provider, *, access_log: bool) -> None:
        self.provider = provider
        self.access_log = access_log
        try:
            super().__init__((HOST, port), Handler)
        except (OSError, OverflowError) as error:
            raise StartError(f"cannot listen on {HOST}:{port}: {error}") from error

    def server_bind(self) -> None:
        # HTTPServer would ask the resolver for this machine's name, which can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        # A caller that hung up is everyday life here; anything else is our bug.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # what cannot be read is answered with a status too
    server_version = "sandbox"
    sys_version = ""
    timeout = 90
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one packet

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        try:
            body = self._read_body()
        except CallError as error:
            self.close_connection = True
            self._send(refusal(error))
            return
        path, _, query = self.path.partition("?")
        request = Request(
            self.command,
            unquote(path, errors="replace"),
            dict(parse_qsl(query, errors="replace", max_num_fields=None)),
            self.headers["Idempotency-Key"],
            self.headers["Sandbox-Fault"],
            body,
        )
        self._send(self.server.provider.answer(request))

    def _read_body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise CallError(411, "length_required", "Send the body with its Content-Length.")
        text = self.headers.get("Content-Length", "0").strip()
        if not (text.isascii() and text.isdigit()):
            raise CallError(400, "length_invalid", "The Content-Length is not a number.")
        if len(text) > 9 or int(text) > LARGEST_BODY:
            raise CallError(413, "body_too_large", f"The body is limited to {LARGEST_BODY} bytes.")
        body = self.rfile.read(int(text))
        if len(body) < int(text):
            raise CallError(400, "body_incomplete", "The body ended before its Content-Length.")
        return body

    def _send(self, reply: Reply) -> None:
        if reply.delivery is Delivery.DROP:
            self._cut()
        elif reply.delivery is Delivery.SILENCE:
            self._stay_silent(reply.seconds)
        else:
            self._write(reply)

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def _cut(self) -> None:
        """Reset the connection instead of closing it in good order."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def _stay_silent(self, seconds: float) -> None:
        """Say nothing until the caller gives up or the time is over."""
        self.close_connection = True
        self.connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            self.connection.recv(1)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class finds wrong with a request, said in this API's form."""
        self.close_connection = True
        phrase = message or HTTPStatus(code).phrase
        self.requestline = getattr(self, "requestline", "")
        self._write(refusal(CallError(code, "request_invalid", phrase)))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if self.server.access_log:
            line = {"method": self.command, "path": self.path.partition("?")[0], "status": code}
            sys.stderr.write(json.dumps(line) + "\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The base class has nothing to add."""

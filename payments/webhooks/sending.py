"""One POST to a stranger's machine, with nothing taken on trust.

The name is resolved here (`names.resolve`), every address it has is checked
(`addresses.is_allowed`), and the connection is made to an address that was checked; the certificate
is still that of the name. No redirect is followed, no proxy of the environment used. All of it
together, however slowly the other side drips, ends after `timeout_s`; of the answer no more than
`MOST_READ` is read.

The standard library's client is used because it lets us make the connection ourselves.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings

from audit.errors import Refusal
from payments.webhooks import names
from payments.webhooks.addresses import Target, is_allowed, read_target
from payments.webhooks.models import Attempt

MOST_READ = 4096
NAME_S = 5.0
"""So long the name servers have, at most."""
REDIRECTS = range(300, 400)
DONE = range(200, 300)
Outcome = Attempt.Outcome


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a POST. `code` None: there was no answer. `detail` names no address."""

    outcome: str
    code: int | None = None
    body: str = ""
    retry_after: str = ""
    detail: str = ""


class _Forbidden(Exception):
    """A name that leads to where we do not call."""


class _Deadline:
    """How much time is left of what a POST may take in all."""

    def __init__(self, timeout_s: float) -> None:
        self._end = time.monotonic() + timeout_s

    def left_s(self) -> float:
        """Raises TimeoutError when it is none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Reader(io.RawIOBase):
    """Reads a socket under the deadline: each wait is for what is left, not for its own."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left_s())
        return self._sock.recv_into(buffer)


class _Line:
    """As much of a socket as `http.client` asks for."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left_s())
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._deadline))

    def close(self) -> None:
        self._sock.close()


def post(url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> Answer:
    """Send it, once. Never raises for what the other side does."""
    deadline = _Deadline(timeout_s)
    try:
        target = read_target(url)
        return _exchange(target, _connect(target, deadline), body, headers)
    except (Refusal, _Forbidden):
        return Answer(Outcome.FORBIDDEN, detail="not a public address")
    except TimeoutError:
        return Answer(Outcome.TIMED_OUT, detail=f"no answer within {timeout_s:g} s")
    except ssl.SSLError as error:
        return Answer(Outcome.UNREACHABLE, detail=f"TLS: {error.reason or 'failed'}".lower())
    except socket.gaierror:
        return Answer(Outcome.UNREACHABLE, detail="the name is not known")
    except http.client.HTTPException as error:
        return Answer(Outcome.UNREACHABLE, detail=f"not HTTP: {type(error).__name__}")
    except OSError as error:
        return Answer(Outcome.UNREACHABLE, detail=type(error).__name__)


def _connect(target: Target, deadline: _Deadline) -> _Line:
    last: OSError = OSError("no address")
    for address in _resolve(target, deadline):
        try:
            sock = socket.create_connection((address, target.port), deadline.left_s())
        except TimeoutError:
            raise
        except OSError as error:
            last = error
            continue
        try:
            if target.is_tls:
                sock.settimeout(deadline.left_s())
                sock = _tls().wrap_socket(sock, server_hostname=target.host)
        except BaseException:
            sock.close()
            raise
        return _Line(sock, deadline)
    raise last


def _resolve(target: Target, deadline: _Deadline) -> list[str]:
    """The addresses of a host, all of them allowed. One that is not condemns the others."""
    found = names.resolve(target.host, target.port, min(deadline.left_s(), NAME_S))
    addresses = list(dict.fromkeys(str(place[0]) for *_rest, place in found))
    if not all(is_allowed(ipaddress.ip_address(one)) for one in addresses):
        raise _Forbidden
    return addresses[:4]


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.WEBHOOKS_CA_FILE or None)


def _exchange(target: Target, line: _Line, body: bytes, headers: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = line
    try:
        connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
        sent = {"Host": target.authority, **headers, "Content-Length": str(len(body))}
        for name, value in {**sent, "Connection": "close"}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        # The beginning is enough to know why; the status has decided already.
        return _told(response, _read(response))
    finally:
        connection.close()
        line.close()


def _read(response: http.client.HTTPResponse) -> str:
    try:
        raw = response.read(MOST_READ)
    except (OSError, http.client.HTTPException):
        return ""
    return raw.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _told(response: http.client.HTTPResponse, body: str) -> Answer:
    outcome = Outcome.REFUSED
    if response.status in DONE:
        outcome = Outcome.DELIVERED
    elif response.status in REDIRECTS:
        outcome = Outcome.REDIRECTED
    return Answer(
        outcome, response.status, body, retry_after=response.headers.get("Retry-After", "")[:80]
    )

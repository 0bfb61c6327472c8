"""PostgreSQL's protocol, as much of it as it takes to see a COMMIT and its answer go by."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

SSL_REQUEST, GSSENC_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
COMMIT = re.compile(rb"\s*(COMMIT|END)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of either side, `kind` being its letter; that of an opening is empty."""

    kind: bytes
    raw: bytes

    @property
    def body(self) -> bytes:
        return self.raw[5:]

    def is_asking_for_encryption(self) -> bool:
        return not self.kind and _code(self.raw) in (SSL_REQUEST, GSSENC_REQUEST)


def _code(raw: bytes) -> int:
    code: int = struct.unpack_from("!i", raw, 4)[0]
    return code


class Splitter:
    """Cuts a stream of bytes into messages, whatever pieces it arrives in."""

    def __init__(self, *, opening: bool = False) -> None:
        self._rest = bytearray()
        self._opening = opening

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole now."""
        self._rest += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Message | None:
        head = 0 if self._opening else 1
        if len(self._rest) < head + 4:
            return None
        end = head + int(struct.unpack_from("!i", self._rest, head)[0])
        if len(self._rest) < end:
            return None
        message = Message(bytes(self._rest[:head]), bytes(self._rest[:end]))
        del self._rest[:end]
        if self._opening and not message.is_asking_for_encryption():
            self._opening = False
        return message


class Client:
    """What a client said so far: which statements and portals are a COMMIT."""

    def __init__(self) -> None:
        self._statements: set[bytes] = set()
        self._portals: set[bytes] = set()

    def is_commit(self, message: Message) -> bool:
        """Whether the server commits when it gets this message; call it for each, in order."""
        if message.kind == b"Q":
            return bool(COMMIT.match(message.body))
        if message.kind == b"P":
            name, sql = message.body.split(b"\0", 2)[:2]
            _remember(self._statements, name, bool(COMMIT.match(sql)))
        elif message.kind == b"B":
            portal, statement = message.body.split(b"\0", 2)[:2]
            _remember(self._portals, portal, statement in self._statements)
        elif message.kind == b"E":
            return message.body.split(b"\0", 1)[0] in self._portals
        return False


def _remember(names: set[bytes], name: bytes, is_commit: bool) -> None:
    if is_commit:
        names.add(name)
    else:
        names.discard(name)

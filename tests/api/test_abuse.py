"""Bytes that no client of ours would send, to the real server: a 4xx or nothing, never a 5xx, and
nothing is written."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.idempotency.models import Record
from payments.models import Payment
from tests.api.conftest import Shop, open_shop
from tests.kill.house import House, standing_house, wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.timeout(400),
]

BODY = b'{"amount": 100, "currency": "EUR", "card": "CARD"}'
PADDED = BODY[:-1] + b', "order_reference": "' + b"x" * 70_000 + b'"}'


def chunked(body: bytes, size: int = 4096) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def post(body: bytes, *headers: bytes, line: bytes = b"POST /api/v1/payments HTTP/1.1") -> bytes:
    """A request with what every good one has, and these headers; KEY is put in later."""
    lines = [
        line,
        b"Host: localhost",
        b"Authorization: Bearer KEY",
        b"Idempotency-Key: abuse",
        *headers,
        b"Connection: close",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


JSON = b"Content-Type: application/json"


def length(body: bytes) -> bytes:
    return b"Content-Length: %d" % len(body)


ABUSE: dict[str, tuple[bytes, set[int]]] = {
    "too long, as it says itself": (post(PADDED, JSON, length(PADDED)), {413}),
    "too long, and only its length is sent": (post(b"", JSON, b"Content-Length: 99999999"), {413}),
    "too long, in chunks": (post(chunked(PADDED), JSON, b"Transfer-Encoding: chunked"), {400, 413}),
    "without a length": (post(BODY, JSON), {400}),
    "shorter than it says": (post(BODY[:10], JSON, length(BODY)), {400}),
    "a length that is none": (post(BODY, JSON, b"Content-Length: ten"), {400}),
    "a negative length": (post(BODY, JSON, b"Content-Length: -5"), {400}),
    "two lengths": (post(BODY, JSON, length(BODY), b"Content-Length: 1"), {400}),
    "a length and chunks": (
        post(chunked(BODY), JSON, length(BODY), b"Transfer-Encoding: chunked"),
        {400},
    ),
    "chunks that are none": (post(b"zz\r\n", JSON, b"Transfer-Encoding: chunked"), {400}),
    "an encoding nobody knows": (post(BODY, JSON, b"Transfer-Encoding: gzip"), {400, 501}),
    "a huge header": (post(BODY, JSON, length(BODY), b"X-Long: " + b"x" * 9000), {400, 431}),
    "a hundred headers": (
        post(BODY, JSON, length(BODY), *(b"X-%d: 1" % one for one in range(100))),
        {400, 431},
    ),
    "a huge address": (
        post(BODY, JSON, length(BODY), line=b"POST /api/v1/" + b"x" * 9000 + b" HTTP/1.1"),
        {400, 404, 414},
    ),
    "no version": (post(BODY, JSON, length(BODY), line=b"POST /api/v1/payments"), {400}),
    "a version there is not": (
        post(BODY, JSON, length(BODY), line=b"POST /api/v1/payments HTTP/9.9"),
        {400, 505},
    ),
    "NUL in a header": (post(BODY, JSON, length(BODY), b"X-Nul: a\x00b"), {400}),
    "NUL in the key": (
        post(BODY, JSON, length(BODY)).replace(b"Key: abuse", b"Key: a\x00b"),
        {400},
    ),
    "a key beyond ASCII": (
        post(BODY, JSON, length(BODY)).replace(b"Key: abuse", "Key: clé".encode()),
        {400},
    ),
    "two keys": (
        post(BODY, JSON, length(BODY)).replace(b"Key: abuse", b"Key: a\r\nIdempotency-Key: b c"),
        {400},
    ),
    "a secret of another alphabet": (
        post(BODY, JSON, length(BODY)).replace(b"Bearer KEY", "Bearer ключ".encode()),
        {401},
    ),
    "UTF-16, as it says": (
        post(
            BODY.decode().encode("utf-16"),
            b"Content-Type: application/json; charset=utf-16",
            length(BODY.decode().encode("utf-16")),
        ),
        {400},
    ),
    "a byte order mark": (post(b"\xef\xbb\xbf" + BODY, JSON, length(BODY + b"...")), {400}),
    "a form": (
        post(b"amount=1", b"Content-Type: application/x-www-form-urlencoded", length(b"amount=1")),
        {400},
    ),
    "not HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, {400}),
    "nothing but noise": (bytes(range(256)) * 40 + b"\r\n\r\n", {400}),
}
"""What is sent, and the statuses that are right; nothing at all is right, too, where the server
cannot know what was meant. 501 and 505 are the server's own words for what it does not speak."""


@pytest.fixture
def house(shop_of_all: Shop, tmp_path: Path) -> Iterator[House]:
    with standing_house(tmp_path, "web", API_WAIT_S="0", OUTBOX_BELL="false") as standing:
        wait_until(standing.answers, "the web")
        yield standing


@pytest.fixture
def shop_of_all(transactional_db: None) -> Shop:
    return open_shop()


def said(house: House, shop: Shop, request: bytes) -> bytes:
    """What came back until the server hung up."""
    request = request.replace(b"KEY", shop.secret.encode())
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", int(house.environment["PORT"])), 30) as there:
        try:
            there.sendall(request)
            there.shutdown(socket.SHUT_WR)
            while piece := there.recv(65536):
                answer += piece
        except ConnectionError:
            # It hung up on what it would not read.
            pass
    return bytes(answer)


def statuses_in(answer: bytes) -> list[int]:
    return [int(one) for one in re.findall(rb"HTTP/1\.[01] ([0-9]{3})", answer)]


def test_bytes_that_nobody_would_send_change_nothing(house: House, shop_of_all: Shop) -> None:
    for what, (request, right) in ABUSE.items():
        answer = said(house, shop_of_all, request)
        statuses = statuses_in(answer)
        assert set(statuses) <= right, (what, answer[:500])
        if b"application/problem+json" in answer:
            problem = json.loads(answer.rpartition(b"\r\n\r\n")[2])
            assert problem["status"] == statuses[0], what
        assert house.answers(), what
    assert Payment.objects.count() == 0
    assert Record.objects.count() == 0


def test_what_follows_a_request_on_its_connection_is_not_listened_to(
    house: House, shop_of_all: Shop
) -> None:
    body = BODY.replace(b"CARD", str(shop_of_all.card.pk).encode())
    good = post(body, JSON, length(body)).replace(b"close", b"keep-alive")
    hidden = good.replace(b"Key: abuse", b"Key: hidden")
    answer = said(house, shop_of_all, good + hidden + b"GARBAGE\r\n\r\n\x00\xff")
    assert statuses_in(answer) == [202]
    assert Payment.objects.count() == Record.objects.count() == 1

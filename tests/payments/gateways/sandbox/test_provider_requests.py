import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.payments.gateways.sandbox.running import Sandbox, error_code


def send_raw(sandbox: Sandbox, text: bytes) -> bytes:
    """What the provider answers to these bytes before it closes the connection."""
    parts = urlsplit(sandbox.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"amount": NaN}',
        b'{"amount": Infinity}',
        b"[" * 60_000,
        b'{"amount": ' + b"9" * 5000 + b"}",
    ],
)
def test_body_that_is_not_an_object_is_refused(sandbox: Sandbox, body: bytes) -> None:
    response = sandbox.client.post(
        "/v1/authorizations", content=body, headers={"Idempotency-Key": "any"}
    )
    assert error_code(response) == (400, "json_invalid")


def test_half_a_character_is_refused(sandbox: Sandbox) -> None:
    response = sandbox.client.post(
        "/v1/authorizations",
        content=b'{"amount":1,"currency":"EUR","card":"tok_visa_approved","reference":"\\ud800"}',
        headers={"Idempotency-Key": "surrogate"},
    )
    assert error_code(response) == (422, "reference_invalid")


def test_huge_body_is_refused_without_being_read(sandbox: Sandbox) -> None:
    answer = send_raw(
        sandbox, b"POST /v1/authorizations HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"body_too_large" in answer


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"POST /v1/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /v1/x HTTP/1.1\r\nContent-Length: abc\r\n\r\n", b"400"),
        (b"POST /v1/x HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}", b"400"),
        (b"POST /v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"BREW /v1/totals HTTP/1.1\r\n\r\n", b"501"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_broken_http_is_answered_in_json(sandbox: Sandbox, text: bytes, status: bytes) -> None:
    answer = send_raw(sandbox, text)
    assert status in answer.split(b"\r\n")[0]
    assert b'{"error": {"code": ' in answer
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/payouts",
        "/v1/authorizations/",
        "/v1/authorizations/auth_none",
        "/v1/authorizations/auth_none/captures",
        "/v1/authorizations/%00",
        "/v1/authorizations/%ff",
        "/v1/authorizations/%ED%A0%80",
        "/v1/captures/cap_none",
        "/v1/refunds/ref_none",
        "/v1/events/evt_none",
        "/v1/events?after=evt_none",
        "/v1/operations?key=%ff",
        "/control/nothing",
    ],
)
def test_what_is_not_there_is_not_found(sandbox: Sandbox, path: str) -> None:
    response = sandbox.client.get(path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] in ("not_found", "operation_not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/authorizations/auth_none/captures",
        "/v1/authorizations/auth_none/increments",
        "/v1/authorizations/auth_none/void",
        "/v1/authorizations/auth_none/refunds",
        "/v1/captures/cap_none/refunds",
    ],
)
def test_change_of_an_unknown_object_is_not_found(sandbox: Sandbox, path: str) -> None:
    assert error_code(sandbox.post(path, {"amount": 1})) == (404, "not_found")


def test_wrong_method_names_the_right_ones(sandbox: Sandbox) -> None:
    response = sandbox.client.delete("/v1/authorizations/any/captures")
    assert error_code(response) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, POST"


def test_connection_serves_call_after_call(sandbox: Sandbox) -> None:
    text = b"GET /healthz HTTP/1.1\r\n\r\n"
    assert send_raw(sandbox, text * 3).count(b'{"status": "ok"}') == 3


def test_many_threads_with_many_keys_all_count(own_sandbox: Sandbox) -> None:
    def pay(number: int) -> str:
        made = own_sandbox.authorize(
            100 + number, capture="automatic", card=f"tok_visa_approved.n{number}"
        )
        refund = own_sandbox.made(f"/v1/captures/{made['latest_capture']}/refunds", {"amount": 1})
        return str(refund["id"])

    with ThreadPoolExecutor(16) as pool:
        refunds = set(pool.map(pay, range(200)))
    assert len(refunds) == 200
    totals = own_sandbox.get("/v1/totals")["totals"]["EUR"]
    assert totals["captured"] == {"count": 200, "amount": sum(range(100, 300))}
    assert totals["refunded"] == {"count": 200, "amount": 200}


def test_threads_cannot_refund_more_than_was_captured(own_sandbox: Sandbox) -> None:
    capture = own_sandbox.authorize(100, capture="automatic")["latest_capture"]
    with ThreadPoolExecutor(8) as pool:
        responses = list(
            pool.map(
                lambda _: own_sandbox.post(f"/v1/captures/{capture}/refunds", {"amount": 30}),
                range(8),
            )
        )
    assert sorted(response.status_code for response in responses) == [201] * 3 + [422] * 5
    assert own_sandbox.get("/v1/totals")["totals"]["EUR"]["refunded"]["amount"] == 90


def test_body_without_fields_is_the_default(sandbox: Sandbox) -> None:
    made = sandbox.authorize(5)
    response = sandbox.client.post(
        f"/v1/authorizations/{made['id']}/captures",
        headers={"Idempotency-Key": f"bare-{made['id']}"},
    )
    assert (response.status_code, response.json()["amount"]) == (201, 5)

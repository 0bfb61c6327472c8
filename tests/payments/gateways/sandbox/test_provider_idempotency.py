import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.payments.gateways.sandbox.running import (
    Sandbox,
    authorization_body,
    error_code,
    running_sandbox,
    wait_until,
)


def new_key() -> str:
    return str(uuid.uuid4())


def test_same_key_and_body_get_the_same_answer(sandbox: Sandbox) -> None:
    key = new_key()
    body = authorization_body(777)
    first = sandbox.post("/v1/authorizations", body, key=key)
    again = sandbox.post("/v1/authorizations", dict(reversed(body.items())), key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(sandbox.events_of(first.json()["id"])) == 1


def test_replay_answers_as_at_first_though_the_object_moved_on(sandbox: Sandbox) -> None:
    key = new_key()
    first = sandbox.made("/v1/authorizations", authorization_body(), key=key)
    sandbox.made(f"/v1/authorizations/{first['id']}/captures")
    assert sandbox.made("/v1/authorizations", authorization_body(), key=key) == first
    operation = sandbox.get("/v1/operations", key=key)
    assert operation["answer"] == first
    assert operation["current"]["captured_amount"] == 10_000


def test_same_key_with_another_body_is_refused(sandbox: Sandbox) -> None:
    key = new_key()
    sandbox.made("/v1/authorizations", authorization_body(1), key=key)
    other = sandbox.post("/v1/authorizations", authorization_body(2), key=key)
    assert error_code(other) == (422, "idempotency_key_reused")


def test_same_key_on_another_path_is_refused(sandbox: Sandbox) -> None:
    key = new_key()
    one, two = sandbox.authorize(), sandbox.authorize()
    sandbox.made(f"/v1/authorizations/{one['id']}/void", key=key)
    other = sandbox.post(f"/v1/authorizations/{two['id']}/void", key=key)
    assert error_code(other) == (422, "idempotency_key_reused")
    assert sandbox.get(f"/v1/authorizations/{two['id']}")["voided_amount"] == 0


def test_refused_call_leaves_its_key_free(sandbox: Sandbox) -> None:
    key = new_key()
    refused = sandbox.post("/v1/authorizations", authorization_body(0), key=key)
    assert refused.status_code == 422
    assert sandbox.post("/v1/authorizations", authorization_body(1), key=key).status_code == 201


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "idempotency_key_missing"),
        ({"Idempotency-Key": ""}, "idempotency_key_invalid"),
        ({"Idempotency-Key": "a b"}, "idempotency_key_invalid"),
        ({"Idempotency-Key": "k" * 256}, "idempotency_key_invalid"),
    ],
)
def test_call_without_a_usable_key_is_refused(
    sandbox: Sandbox, headers: dict[str, str], code: str
) -> None:
    response = sandbox.client.post("/v1/authorizations", json=authorization_body(), headers=headers)
    assert error_code(response) == (400, code)


def test_same_key_from_8_threads_is_one_effect(own_sandbox: Sandbox) -> None:
    path = f"/v1/authorizations/{own_sandbox.authorize(1000)['id']}/captures"
    for _ in range(20):
        key = new_key()

        def capture(_: int, key: str = key) -> httpx.Response:
            return own_sandbox.post(path, {"amount": 10}, key=key)

        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(capture, range(8)))
        assert {response.status_code for response in responses} <= {201, 409}
        answers = [response.json() for response in responses if response.status_code == 201]
        assert len({answer["id"] for answer in answers}) == 1
        fresh = [
            response
            for response in responses
            if response.status_code == 201 and "Idempotent-Replayed" not in response.headers
        ]
        assert len(fresh) == 1
    assert own_sandbox.get("/v1/totals")["totals"]["EUR"]["captured"] == {
        "count": 20,
        "amount": 200,
    }


def test_call_under_way_holds_its_key(sandbox: Sandbox) -> None:
    key = new_key()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(
            sandbox.post,
            "/v1/authorizations",
            authorization_body(),
            key=key,
            fault="hang; seconds=1",
        )
        wait_until(
            lambda: sandbox.client.get("/v1/operations", params={"key": key}).status_code == 409
        )
        second = sandbox.post("/v1/authorizations", authorization_body(), key=key)
        assert error_code(second) == (409, "idempotency_key_in_use")
        assert second.headers["Retry-After"] == "1"
        assert slow.result().status_code == 201
    assert sandbox.post("/v1/authorizations", authorization_body(), key=key).json() == (
        slow.result().json()
    )


def test_operation_tells_what_a_key_did(sandbox: Sandbox) -> None:
    key = new_key()
    path = f"/v1/authorizations/{sandbox.authorize(capture='automatic')['id']}/refunds"
    made = sandbox.made(path, {"amount": 5}, key=key)
    operation = sandbox.get("/v1/operations", key=key)
    assert (operation["kind"], operation["id"]) == ("refund", made["id"])
    assert operation["path"] == path
    assert operation["current"] == operation["answer"] == made


@pytest.mark.parametrize("what", ["captures", "increments", "void"])
def test_operation_finds_every_kind_of_object(sandbox: Sandbox, what: str) -> None:
    key = new_key()
    path = f"/v1/authorizations/{sandbox.authorize()['id']}/{what}"
    made = sandbox.made(path, {"amount": 5}, key=key)
    assert sandbox.get("/v1/operations", key=key)["current"] == made


def test_key_that_did_nothing_is_not_found(sandbox: Sandbox) -> None:
    response = sandbox.client.get("/v1/operations", params={"key": new_key()})
    assert error_code(response) == (404, "operation_not_found")
    assert error_code(sandbox.client.get("/v1/operations")) == (422, "key_missing")


def test_keys_outlive_the_process(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    with running_sandbox(store) as sandbox:
        first = sandbox.made("/v1/authorizations", authorization_body(), key="kept")
        sandbox.process.kill()
        sandbox.process.wait()
    with running_sandbox(store) as sandbox:
        assert sandbox.made("/v1/authorizations", authorization_body(), key="kept") == first
        assert sandbox.get("/v1/totals")["totals"]["EUR"]["authorized"]["count"] == 1

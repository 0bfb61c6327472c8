import json
import time
import uuid

import httpx
import pytest

from tests.payments.gateways.sandbox.running import (
    Sandbox,
    authorization_body,
    error_code,
    wait_until,
)


def new_key() -> str:
    return str(uuid.uuid4())


def authorize(sandbox: Sandbox, key: str, fault: str | None, timeout: float = 5) -> httpx.Response:
    return sandbox.post(
        "/v1/authorizations", authorization_body(), key=key, fault=fault, timeout=timeout
    )


def did_something(sandbox: Sandbox, key: str) -> bool:
    response = sandbox.client.get("/v1/operations", params={"key": key})
    assert response.status_code in (200, 404)
    return response.status_code == 200


def test_no_connection_has_no_effect(sandbox: Sandbox) -> None:
    key = new_key()
    with pytest.raises(httpx.TransportError):
        authorize(sandbox, key, "no_connection")
    assert not did_something(sandbox, key)


@pytest.mark.parametrize(("fault", "effect"), [("timeout_before", False), ("timeout_after", True)])
def test_timeout_leaves_the_caller_waiting(sandbox: Sandbox, fault: str, effect: bool) -> None:
    key = new_key()
    with pytest.raises(httpx.ReadTimeout):
        authorize(sandbox, key, fault, timeout=0.3)
    if effect:
        wait_until(lambda: did_something(sandbox, key))
    assert did_something(sandbox, key) is effect
    retried = authorize(sandbox, key, None)
    assert retried.status_code == 201
    assert ("Idempotent-Replayed" in retried.headers) is effect


def test_silence_ends_after_the_seconds_given(sandbox: Sandbox) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        authorize(sandbox, new_key(), "timeout_before; seconds=0.2")


def test_too_many_calls_says_when_to_come_back(sandbox: Sandbox) -> None:
    key = new_key()
    response = authorize(sandbox, key, "429; seconds=7")
    assert error_code(response) == (429, "rate_limited")
    assert response.headers["Retry-After"] == "7"
    assert not did_something(sandbox, key)


@pytest.mark.parametrize(("fault", "effect"), [("500_before", False), ("500_after", True)])
def test_server_error_does_not_tell_whether_it_worked(
    sandbox: Sandbox, fault: str, effect: bool
) -> None:
    key = new_key()
    assert error_code(authorize(sandbox, key, fault)) == (500, "internal_error")
    assert did_something(sandbox, key) is effect


def test_truncated_answer_is_not_json_though_it_worked(sandbox: Sandbox) -> None:
    key = new_key()
    response = authorize(sandbox, key, "truncated_json")
    assert response.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert did_something(sandbox, key)


def test_hanging_call_answers_in_the_end(sandbox: Sandbox) -> None:
    started = time.monotonic()
    assert authorize(sandbox, new_key(), "hang; seconds=0.3").status_code == 201
    assert time.monotonic() - started >= 0.3


def test_wrong_amount_is_only_in_the_answer(sandbox: Sandbox) -> None:
    key = new_key()
    wrong = authorize(sandbox, key, "wrong_amount").json()
    assert wrong["amount"] == wrong["approved_amount"] == 10_001
    assert sandbox.get(f"/v1/authorizations/{wrong['id']}")["amount"] == 10_000
    assert authorize(sandbox, key, None).json()["amount"] == 10_000


def test_repeated_id_is_that_of_an_earlier_object(sandbox: Sandbox) -> None:
    earlier = sandbox.authorize()
    key = new_key()
    assert authorize(sandbox, key, "repeated_id").json()["id"] == earlier["id"]
    assert sandbox.get("/v1/operations", key=key)["id"] != earlier["id"]


@pytest.mark.parametrize(
    "header", ["earthquake", "hang; seconds=x", "hang; seconds=9999", "hang;", "", "hang; n=1"]
)
def test_unknown_fault_is_refused(sandbox: Sandbox, header: str) -> None:
    response = sandbox.client.get("/v1/totals", headers={"Sandbox-Fault": header})
    assert error_code(response)[0] == 422


def test_reads_fail_on_demand_too(sandbox: Sandbox) -> None:
    response = sandbox.client.get("/v1/totals", headers={"Sandbox-Fault": "500_before"})
    assert error_code(response) == (500, "internal_error")


def test_armed_fault_hits_the_next_calls_of_its_operation(own_sandbox: Sandbox) -> None:
    own_sandbox.control("faults", {"operation": "capture", "fault": "500_before", "times": 2})
    path = f"/v1/authorizations/{own_sandbox.authorize()['id']}/captures"
    assert own_sandbox.post(path).status_code == 500
    assert own_sandbox.get("/control/faults")["data"] == [
        {"operation": "capture", "fault": "500_before", "times": 1, "seconds": 30.0}
    ]
    assert own_sandbox.post(path).status_code == 500
    assert own_sandbox.post(path).status_code == 201
    assert own_sandbox.get("/control/faults")["data"] == []


def test_armed_fault_of_any_operation_hits_whatever_comes(own_sandbox: Sandbox) -> None:
    own_sandbox.control("faults", {"fault": "429", "seconds": 3})
    response = own_sandbox.client.get("/v1/totals")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "3")
    assert own_sandbox.client.get("/v1/totals").status_code == 200


def test_armed_faults_can_be_taken_back(own_sandbox: Sandbox) -> None:
    own_sandbox.control("faults", {"fault": "500_before", "times": 100})
    assert own_sandbox.client.delete("/control/faults").json() == {"data": []}
    assert own_sandbox.authorize()["status"] == "authorized"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "fault_invalid"),
        ({"fault": "earthquake"}, "fault_invalid"),
        ({"fault": "hang", "operation": "payout"}, "operation_invalid"),
        ({"fault": "hang", "seconds": 100_000}, "seconds_invalid"),
        ({"fault": "hang", "times": -1}, "times_invalid"),
    ],
)
def test_fault_that_makes_no_sense_is_not_armed(
    sandbox: Sandbox, body: dict[str, object], code: str
) -> None:
    response = sandbox.client.post("/control/faults", json=body)
    assert error_code(response) == (422, code)
    assert sandbox.get("/control/faults")["data"] == []

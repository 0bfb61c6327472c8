import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.payments.gateways.sandbox.running import (
    Receiver,
    Sandbox,
    error_code,
    running_receiver,
    running_sandbox,
    wait_until,
)

SECRET, SECOND_SECRET = (
    f"whsec_{base64.b64encode(bytes([byte]) * 24).decode()}" for byte in (1, 2)
)
LONG_AGO = "2025-01-01T12:00:00Z"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def sandbox(receiver: Receiver, tmp_path: Path) -> Iterator[Sandbox]:
    options = ["--webhook-url", receiver.url, "--webhook-backoff", "0.05,0.05,0.05"]
    options += ["--webhook-secret", SECRET, "--webhook-secret", SECOND_SECRET]
    with running_sandbox(tmp_path / "store.sqlite3", *options) as sandbox:
        yield sandbox


def verified(message: tuple[dict[str, str], bytes], secret: str = SECRET) -> Any:
    headers, body = message
    return Webhook(secret).verify(body, headers)


def types(receiver: Receiver) -> list[str]:
    return [json.loads(body)["type"] for _, body in receiver.got]


def deliveries(sandbox: Sandbox, event: str) -> list[Any]:
    found: list[Any] = sandbox.get("/control/deliveries", event=event)["data"]
    return found


def test_every_change_is_delivered_with_both_signatures(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    path = f"/v1/authorizations/{sandbox.authorize(1000)['id']}"
    sandbox.made(f"{path}/increments", {"amount": 5})
    sandbox.made(f"{path}/captures", {"amount": 500})
    sandbox.made(f"{path}/void")
    refund = sandbox.made(f"{path}/refunds", {"amount": 100})
    messages = receiver.wait_for(5)
    assert types(receiver) == [
        "authorization.authorized",
        "authorization.incremented",
        "capture.succeeded",
        "authorization.voided",
        "refund.succeeded",
    ]
    stored = sandbox.events()
    for message, event in zip(messages, stored, strict=True):
        assert verified(message, SECRET) == verified(message, SECOND_SECRET) == event
        assert message[0]["Webhook-Id"] == event["id"]
    assert stored[-1]["data"] == refund
    assert sandbox.get(f"/v1/events/{stored[0]['id']}") == stored[0]


def test_past_calls_store_their_events_without_delivery(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    made = sandbox.authorize(occurred_at=LONG_AGO)
    assert made["created"] == "2025-01-01T12:00:00.000Z"
    sandbox.made(f"/v1/authorizations/{made['id']}/captures", {"occurred_at": LONG_AGO})
    now = sandbox.authorize()
    receiver.wait_for(1)
    assert [event["created"] for event in sandbox.events()][:2] == [made["created"]] * 2
    wait_until(lambda: deliveries(sandbox, sandbox.events(about=now["id"])[0]["id"]))
    assert len(sandbox.get("/control/deliveries")["data"]) == 1
    assert [json.loads(body)["data"]["id"] for _, body in receiver.got] == [now["id"]]


def test_failed_delivery_is_tried_again(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.statuses = [500, 302]
    event = sandbox.events(about=sandbox.authorize()["id"])[0]["id"]
    receiver.wait_for(3)
    wait_until(lambda: deliveries(sandbox, event)[0]["state"] == "delivered")
    assert deliveries(sandbox, event)[0]["attempts"] == 3
    assert len({headers["Webhook-Id"] for headers, _ in receiver.got}) == 1


def test_delivery_is_given_up_after_the_last_step(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.statuses = [500] * 9
    event = sandbox.events(about=sandbox.authorize()["id"])[0]["id"]
    wait_until(lambda: (deliveries(sandbox, event) or [{}])[0].get("state") == "failed")
    (delivery,) = deliveries(sandbox, event)
    assert (delivery["attempts"], delivery["last_status"]) == (4, 500)


def test_receiver_that_is_gone_gets_no_second_try(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.statuses = [410]
    event = sandbox.events(about=sandbox.authorize()["id"])[0]["id"]
    wait_until(lambda: (deliveries(sandbox, event) or [{}])[0].get("state") == "failed")
    assert deliveries(sandbox, event)[0]["attempts"] == 1


def test_unreachable_receiver_is_recorded(tmp_path: Path) -> None:
    options = ["--webhook-url", "http://127.0.0.1:1/", "--webhook-secret", SECRET]
    with running_sandbox(tmp_path / "store.sqlite3", *options) as sandbox:
        event = sandbox.events(about=sandbox.authorize()["id"])[0]["id"]
        wait_until(lambda: (deliveries(sandbox, event) or [{}])[0].get("last_error"))
        assert "refused" in deliveries(sandbox, event)[0]["last_error"]


def test_undelivered_events_survive_the_process(receiver: Receiver, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    nowhere = ["--webhook-url", "http://127.0.0.1:1/", "--webhook-backoff", "0.3,0.3,0.3,0.3,0.3"]
    with running_sandbox(store, *nowhere, "--webhook-secret", SECRET) as sandbox:
        made = sandbox.authorize()
    with running_sandbox(store, "--webhook-url", receiver.url, "--webhook-secret", SECRET):
        assert verified(receiver.wait_for(1)[0])["data"] == made


def test_stored_event_is_delivered_again_on_demand(sandbox: Sandbox, receiver: Receiver) -> None:
    event = sandbox.events(about=sandbox.authorize(occurred_at=LONG_AGO)["id"])[0]
    sandbox.control("deliveries", {"events": [event["id"]]})
    sandbox.control("deliveries", {"events": [event["id"]], "manner": "twice"})
    assert [verified(message) for message in receiver.wait_for(3)] == [event] * 3


def test_events_are_delivered_in_the_order_given(sandbox: Sandbox, receiver: Receiver) -> None:
    for _ in range(3):
        sandbox.authorize(occurred_at=LONG_AGO)
    identifiers = [event["id"] for event in sandbox.events()]
    sandbox.control("deliveries", {"events": identifiers[::-1]})
    messages = receiver.wait_for(3)
    assert [headers["Webhook-Id"] for headers, _ in messages] == identifiers[::-1]


def test_next_events_can_come_in_reverse(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("webhooks", {"manner": "reversed", "times": 2})
    sandbox.authorize(capture="automatic")
    receiver.wait_for(2)
    assert types(receiver) == ["capture.succeeded", "authorization.authorized"]
    assert sandbox.get("/control/webhooks")["data"] == []


def test_next_event_can_come_twice_then_the_rest_once(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("webhooks", {"manner": "twice"})
    sandbox.authorize(capture="automatic")
    receiver.wait_for(3)
    assert types(receiver) == ["authorization.authorized"] * 2 + ["capture.succeeded"]


def test_late_event_is_overtaken(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("webhooks", {"manner": "late", "seconds": 0.4})
    sandbox.authorize(capture="automatic")
    receiver.wait_for(2)
    assert types(receiver) == ["capture.succeeded", "authorization.authorized"]


def test_dropped_event_never_comes(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("webhooks", {"manner": "dropped"})
    sandbox.authorize(capture="automatic")
    receiver.wait_for(1)
    assert types(receiver) == ["capture.succeeded"]
    assert len(sandbox.get("/control/deliveries")["data"]) == 1


@pytest.mark.parametrize("manner", ["forged", "stale"])
def test_bad_signature_is_not_accepted_and_not_repeated(
    sandbox: Sandbox, receiver: Receiver, manner: str
) -> None:
    receiver.statuses = [400]
    sandbox.control("webhooks", {"manner": manner})
    event = sandbox.events(about=sandbox.authorize()["id"])[0]["id"]
    for secret in (SECRET, SECOND_SECRET):
        with pytest.raises(WebhookVerificationError):
            verified(receiver.wait_for(1)[0], secret)
    wait_until(lambda: deliveries(sandbox, event)[0]["state"] == "failed")
    assert len(receiver.got) == 1


def test_unknown_type_and_status_are_signed_and_not_repeats(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    event = sandbox.events(about=sandbox.authorize(occurred_at=LONG_AGO)["id"])[0]
    for manner in ("unknown_type", "unknown_status"):
        sandbox.control("deliveries", {"events": [event["id"]], "manner": manner})
    kind, status = (verified(message) for message in receiver.wait_for(2))
    assert len({event["id"], kind["id"], status["id"]}) == 3
    assert kind["type"] == "authorization.levitated"
    assert kind["data"] == event["data"]
    assert status["type"] == event["type"]
    assert status["data"]["status"] == "levitating"


def test_armed_manners_can_be_taken_back(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("webhooks", {"manner": "dropped", "times": 5})
    assert sandbox.get("/control/webhooks")["data"][0]["times"] == 5
    assert sandbox.client.delete("/control/webhooks").json() == {"data": []}
    sandbox.authorize()
    receiver.wait_for(1)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("deliveries", {"events": ["evt_none"]}, 404, "not_found"),
        ("deliveries", {"events": []}, 422, "events_invalid"),
        ("deliveries", {"events": [1]}, 422, "events_invalid"),
        ("deliveries", {"events": ["a"], "manner": "dropped"}, 422, "manner_invalid"),
        ("webhooks", {"manner": "politely"}, 422, "manner_invalid"),
        ("webhooks", {"manner": "late", "seconds": -1}, 422, "seconds_invalid"),
        ("webhooks", {"manner": "late", "times": 0}, 422, "times_invalid"),
        ("webhooks", {"manner": "late", "times": 1.5}, 422, "times_invalid"),
    ],
)
def test_wrong_control_is_refused(
    shared_sandbox: Sandbox, path: str, body: dict[str, object], status: int, code: str
) -> None:
    response = shared_sandbox.client.post(f"/control/{path}", json=body)
    assert error_code(response) == (status, code)


def test_events_are_paged_and_filtered(sandbox: Sandbox) -> None:
    for _ in range(3):
        sandbox.authorize(capture="automatic")
    first = sandbox.get("/v1/events", limit=4)
    assert first["has_more"]
    rest = sandbox.get("/v1/events", after=first["data"][-1]["id"])
    assert not rest["has_more"]
    sequences = [event["sequence"] for event in first["data"] + rest["data"]]
    assert sequences == sorted(sequences)
    assert len(set(sequences)) == 6
    captures = sandbox.events(type="capture.succeeded")
    assert len(captures) == 3
    assert {event["type"] for event in captures} == {"capture.succeeded"}


@pytest.mark.parametrize("limit", ["0", "1001", "many", "-1", "9" * 5000, "²"])
def test_wrong_limit_is_refused(shared_sandbox: Sandbox, limit: str) -> None:
    response = shared_sandbox.client.get("/v1/events", params={"limit": limit})
    assert error_code(response) == (422, "limit_invalid")

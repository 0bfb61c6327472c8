"""The address that providers send their events to."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from audit.actor import ActorKind
from audit.models import LogEntry, Outcome
from audit.outbox.models import Message
from payments.gateways import signatures
from payments.gateways.models import InboundEvent
from payments.gateways.views.webhook import LARGEST_BODY
from tests.payments.gateways.conftest import NEXT_SECRET, SECRET
from tests.payments.gateways.sandbox.running import running_sandbox, wait_until

URL = "/webhooks/sandbox/"


def message(
    body: bytes = b"", event_id: str = "evt_1", secret: str = SECRET, late_s: int = 0
) -> tuple[bytes, dict[str, str]]:
    body = (
        body
        or json.dumps(
            {
                "id": event_id,
                "type": "refund.succeeded",
                "created": "2026-11-03T11:59:58.250Z",
                "data": {"object": "refund", "id": "ref_1", "authorization": "auth_1"},
            }
        ).encode()
    )
    timestamp = int(time.time()) - late_s
    return body, {
        "Webhook-Id": event_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": signatures.sign(secret, event_id, timestamp, body),
    }


def post(client: Client, body: bytes, headers: dict[str, str], url: str = URL) -> Any:
    return client.post(url, body, content_type="application/json", headers=headers)


pytestmark = pytest.mark.usefixtures("two_secrets")


@pytest.mark.django_db
def test_address_of_a_connector_is_by_its_name() -> None:
    assert reverse("gateways:webhook", kwargs={"connector": "sandbox"}) == URL


@pytest.mark.django_db
@pytest.mark.parametrize("secret", [SECRET, NEXT_SECRET])
def test_genuine_event_is_stored_and_answered_fast(client: Client, secret: str) -> None:
    response = post(client, *message(secret=secret))
    assert (response.status_code, response.json()) == (202, {"received": True})
    event = InboundEvent.objects.get()
    assert (event.connector, event.event_id, event.type) == ("sandbox", "evt_1", "refund.succeeded")
    assert event.status == InboundEvent.Status.RECEIVED
    assert Message.objects.filter(task="gateways.process_event").count() == 1


@pytest.mark.django_db
def test_repeat_is_answered_the_same_and_stored_once(client: Client) -> None:
    answers = [post(client, *message()) for _ in range(3)]
    assert {(one.status_code, one.content) for one in answers} == {(202, answers[0].content)}
    assert InboundEvent.objects.count() == 1
    assert Message.objects.filter(task="gateways.process_event").count() == 1


@pytest.mark.django_db
def test_event_is_on_record_as_the_webhooks_own(client: Client) -> None:
    post(client, *message())
    entry = LogEntry.objects.get(event="gateways.event.received")
    assert (entry.actor_kind, entry.actor_label) == (ActorKind.SYSTEM, "webhook:sandbox")
    assert entry.cid


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("late_s", "reason"), [(3_600, "too_old"), (-3_600, "too_new"), (200, None), (-200, None)]
)
def test_message_of_another_time_is_refused(
    client: Client, late_s: int, reason: str | None
) -> None:
    response = post(client, *message(late_s=late_s))
    if reason is None:
        assert response.status_code == 202
    else:
        assert (response.status_code, response.json()["error"]["code"]) == (400, reason)
        assert InboundEvent.objects.count() == 0


@pytest.mark.django_db
def test_forged_message_is_refused_and_on_record_without_its_body(client: Client) -> None:
    body, headers = message(b'{"id":"evt_1","note":"words of the forger"}')
    headers["Webhook-Signature"] = "v1,Zm9yZ2Vk"
    response = post(client, body, headers)
    assert response.status_code == 400
    assert InboundEvent.objects.count() == 0
    entry = LogEntry.objects.get(event="gateways.webhook.refused")
    assert entry.outcome == Outcome.DENIED
    assert entry.additional_data == {"connector": "sandbox", "reason": "signature_wrong"}
    assert "forger" not in str(vars(entry))


@pytest.mark.django_db
def test_message_without_headers_is_refused(client: Client) -> None:
    assert post(client, b"{}", {}).status_code == 400


@pytest.mark.django_db
def test_message_that_is_too_large_is_refused(client: Client) -> None:
    just = b'{"id":"evt_1","x":"' + b"x" * (LARGEST_BODY - 21) + b'"}'
    assert len(just) == LARGEST_BODY
    assert post(client, *message(just)).status_code == 202
    response = post(client, *message(just + b" ", event_id="evt_2"))
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")
    assert InboundEvent.objects.count() == 1
    assert LogEntry.objects.filter(event="gateways.webhook.refused").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"not JSON", b"[]", b"\xff\xfe", b"a\0b", b'{"id":"\\u0000"}'])
def test_genuine_message_that_cannot_be_read_is_stored(client: Client, body: bytes) -> None:
    assert post(client, *message(body)).status_code == 202
    event = InboundEvent.objects.get()
    assert event.type == ""
    assert "\0" not in event.body


@pytest.mark.django_db
def test_unknown_connector_is_not_found(client: Client) -> None:
    assert post(client, *message(), url="/webhooks/nobody/").status_code == 404


@pytest.mark.django_db
def test_only_post_is_allowed_and_no_csrf_token_is_asked_for() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.get(URL).status_code == 405
    assert post(strict, *message()).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_eight_deliveries_at_once_are_stored_once(live_server: LiveServer) -> None:
    body, headers = message()

    def deliver(_: int) -> tuple[int, bytes]:
        response = httpx.post(live_server.url + URL, content=body, headers=headers, timeout=30)
        return response.status_code, response.content

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(deliver, range(8)))
    assert {status for status, _ in answers} == {202}
    assert len(answers) == 1
    assert InboundEvent.objects.count() == 1
    assert Message.objects.filter(task="gateways.process_event").count() == 1


@pytest.mark.django_db(transaction=True)
def test_provider_delivers_twice_forged_stale_and_unknown_and_each_is_taken_for_what_it_is(
    live_server: LiveServer, tmp_path: Path
) -> None:
    hook = ["--webhook-url", live_server.url + URL]
    rotation = ["--webhook-secret", "whsec_" + "T3RoZXJP" * 4, "--webhook-secret", NEXT_SECRET]
    with running_sandbox(tmp_path / "store.sqlite3", *hook, *rotation) as provider:
        for manner in ("twice", "forged", "stale", "unknown_type", "unknown_status"):
            provider.control("webhooks", {"manner": manner})
            provider.authorize()
        wait_until(lambda: LogEntry.objects.filter(event="gateways.webhook.refused").count() == 2)
        wait_until(lambda: InboundEvent.objects.count() == 3)

        def are_delivered() -> bool:
            deliveries = provider.client.get("/control/deliveries").json()["data"]
            return all(one["state"] != "waiting" for one in deliveries)

        wait_until(are_delivered)
    types = sorted(InboundEvent.objects.values_list("type", flat=True))
    assert types == [
        "authorization.authorized",
        "authorization.authorized",
        "authorization.levitated",
    ]

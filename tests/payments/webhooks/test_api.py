"""Events and endpoints over the API."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from audit.actor import acting_as, operator
from audit.models import LogEntry
from payments.webhooks.commands.endpoints import create_endpoint
from payments.webhooks.delivering import deliver_due
from payments.webhooks.models import Endpoint, Event
from tests.api.conftest import Shop, make_secret_key, open_shop
from tests.payments.builders import authorized_payment, captured_payment, eur, new_key
from tests.payments.webhooks.receiver import running

pytestmark = pytest.mark.django_db
URL = "https://shop.example/hooks"


@pytest.fixture
def caller(settings: Any) -> Shop:
    settings.API_WAIT_S = 0
    return open_shop()


def make(caller: Shop, **body: Any) -> Any:
    return caller.call("POST", "/webhook_endpoints", {"url": URL, **body}).json()


def test_events_are_read_newest_first_with_their_objects(caller: Shop) -> None:
    payment = captured_payment(eur(4_200), merchant=caller.merchant)
    captured_payment(eur(999))
    answer = caller.call("GET", "/events?limit=2").json()
    assert [one["type"] for one in answer["data"]] == ["payment.captured", "payment.authorized"]
    for one in answer["data"]:
        assert one["object"] == "event"
        assert one["data"]["object"]["id"] == str(payment.pk)
        assert one["data"]["object"]["amount_captured"] == 4_200
    rest = caller.call("GET", f"/events?after={answer['next']}").json()
    seen = {one["id"] for one in answer["data"]} | {one["id"] for one in rest["data"]}
    own = Event.objects.filter(merchant=caller.merchant, is_live=False)
    assert seen == {str(pk) for pk in own.values_list("pk", flat=True)}


def test_events_are_filtered(caller: Shop) -> None:
    one = captured_payment(eur(4_200), merchant=caller.merchant)
    authorized_payment(eur(100), merchant=caller.merchant)
    found = caller.call("GET", "/events?type=payment.captured").json()["data"]
    assert [each["data"]["object"]["id"] for each in found] == [str(one.pk)]
    found = caller.call("GET", f"/events?object={one.pk}").json()["data"]
    assert [each["type"] for each in found] == ["payment.captured", "payment.authorized"]
    begun = found[-1]["created_at"].replace("+", "%2B")
    assert caller.call("GET", f"/events?created_until={begun}&object={one.pk}").json()["data"] == []
    assert (
        len(caller.call("GET", f"/events?created_from={begun}&object={one.pk}").json()["data"]) == 2
    )
    assert caller.call("GET", "/events?created_from=yesterday").status_code == 400


def test_an_event_of_another_merchant_is_not_there(caller: Shop) -> None:
    payment = authorized_payment(eur(100))
    event = Event.objects.get(object_id=payment.pk)
    answer = caller.call("GET", f"/events/{event.pk}")
    assert (answer.status_code, answer.json()["code"]) == (404, "event_missing")
    own = authorized_payment(eur(100), merchant=caller.merchant)
    event = Event.objects.get(object_id=own.pk)
    assert caller.call("GET", f"/events/{event.pk}").json()["type"] == "payment.authorized"


def test_who_was_seen_in_an_event_is_on_record(caller: Shop) -> None:
    event = Event.objects.get(object_id=caller.customer.pk)
    told = caller.call("GET", f"/events/{event.pk}").json()
    assert told["type"] == "customer.created"
    assert "Fontane" not in json.dumps(told)
    entry = LogEntry.objects.get(event="access.api.event")
    assert entry.looks.filter(subject_id=caller.customer.pk).exists()


def test_a_key_without_the_scope_reads_no_events(caller: Shop) -> None:
    with acting_as(operator("test")):
        _key, secret = make_secret_key(caller.merchant, "payments:read")
    answer = caller.call("GET", "/events", secret=secret)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    answer = caller.call("POST", "/webhook_endpoints", {"url": URL}, secret=secret)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_an_endpoint_is_made_once_and_its_secret_told_then_only(caller: Shop) -> None:
    key = uuid.uuid4().hex
    body = {"url": URL, "events": ["payment.captured"], "description": "web shop"}
    first = caller.call("POST", "/webhook_endpoints", body, idempotency_key=key)
    again = caller.call("POST", "/webhook_endpoints", body, idempotency_key=key)
    assert first.status_code == again.status_code == 201
    assert again["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()
    made = first.json()
    assert made["secret"].startswith("whsec_")
    assert made["events"] == ["payment.captured"]
    assert made["status"] == "enabled"
    assert Endpoint.objects.count() == 1
    found = caller.call("GET", f"/webhook_endpoints/{made['id']}").json()
    assert {**found, "created_at": ""} == {**made, "secret": None, "created_at": ""}
    listed = caller.call("GET", "/webhook_endpoints").json()
    assert [one["id"] for one in listed["data"]] == [made["id"]]
    assert made["secret"] not in str(Endpoint.objects.values())
    assert made["secret"] not in str(list(LogEntry.objects.values()))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://shop.example/"}, "url_scheme"),
        ({"url": "https://10.0.0.1/"}, "url_private"),
        ({"url": "https://user:x@shop.example/"}, "url_credentials"),
        ({"url": URL, "events": ["payment.levitated"]}, "event_type_unknown"),
        ({"url": URL, "events": ["webhook.test"]}, "event_type_unknown"),
        ({"url": URL, "description": "x" * 121}, "invalid_request"),
        ({"url": URL, "description": "4111 1111 1111 1111"}, "card_number"),
        ({"url": URL, "strange": 1}, "invalid_request"),
        ({}, "invalid_request"),
    ],
)
def test_what_is_not_right_is_refused_and_nothing_made(
    body: dict[str, Any], code: str, caller: Shop
) -> None:
    answer = caller.call("POST", "/webhook_endpoints", body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == code
    assert not Endpoint.objects.exists()


def test_a_merchant_has_no_more_endpoints_than_enough(caller: Shop) -> None:
    for _ in range(20):
        make(caller)
    answer = caller.call("POST", "/webhook_endpoints", {"url": URL})
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_endpoints_many")


def test_an_endpoint_is_changed_disabled_and_enabled(caller: Shop) -> None:
    path = f"/webhook_endpoints/{make(caller)['id']}"
    answer = caller.call("PATCH", path, {"events": ["refund.failed"], "description": "till"})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["events"], answer.json()["description"]) == (["refund.failed"], "till")
    assert answer.json()["url"] == URL
    assert caller.call("PATCH", path, {"url": "https://10.0.0.1/"}).json()["code"] == "url_private"
    assert caller.call("PATCH", path, {"enabled": False}).json()["status"] == "disabled"
    assert caller.call("PATCH", path, {"enabled": True}).json()["status"] == "enabled"


def test_a_removed_endpoint_stays_on_record_and_is_never_enabled_again(caller: Shop) -> None:
    path = f"/webhook_endpoints/{make(caller)['id']}"
    gone = caller.call("DELETE", path).json()
    assert (gone["status"], gone["disabled_reason"]) == ("disabled", "removed")
    assert caller.call("DELETE", path).json() == gone
    assert caller.call("GET", path).json() == gone
    assert caller.call("GET", "/webhook_endpoints").json()["data"] == []
    assert caller.call("PATCH", path, {"enabled": True}).status_code == 404


def test_a_rotation_tells_a_new_secret_and_its_repeat_the_same(caller: Shop) -> None:
    made = make(caller)
    path, key = f"/webhook_endpoints/{made['id']}/rotate", uuid.uuid4().hex
    first = caller.call("POST", path, {"overlap_hours": 24}, idempotency_key=key).json()
    again = caller.call("POST", path, {"overlap_hours": 24}, idempotency_key=key).json()
    assert first == again
    assert first["secret"] not in (made["secret"], None)
    assert first["old_secret_until"] is not None
    answer = caller.call("POST", path, {"overlap_hours": 5})
    assert (answer.status_code, answer.json()["code"]) == (400, "overlap_invalid")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_endpoint_of_another_merchant_is_not_there(method: str, caller: Shop) -> None:
    other = open_shop()
    path = f"/webhook_endpoints/{make(other)['id']}"
    answer = caller.call(method, path, {"enabled": False} if method == "PATCH" else None)
    assert (answer.status_code, answer.json()["code"]) == (404, "webhook_endpoint_missing")
    assert Endpoint.objects.get().is_enabled


def test_a_payment_that_is_processing_is_told_of_when_it_is_settled(caller: Shop) -> None:
    """What a shop does that was told 202: it waits for its webhook."""
    with running() as receiver:
        with acting_as(operator("test")):
            create_endpoint(
                merchant_id=caller.merchant.pk, url=receiver.url, types=[], key=new_key()
            )
        answer = caller.pay(5_000, capture_method="manual")
        assert (answer.status_code, answer.json()["status"]) == (202, "processing")
        from payments.models import Payment
        from tests.payments.builders import answer_attempt

        with acting_as(operator("test")):
            answer_attempt(Payment.objects.get(pk=answer.json()["id"]))
        deliver_due()
        told = [json.loads(one.body) for one in receiver.received]
    (event,) = [one for one in told if one["type"] == "payment.authorized"]
    assert event["data"]["object"]["id"] == answer.json()["id"]
    assert event["data"]["object"]["status"] == "authorized"

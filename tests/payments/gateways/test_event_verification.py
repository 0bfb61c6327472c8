"""Whether a message is the provider's, and what is read from it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from payments.gateways import signatures
from payments.gateways.errors import Forged
from payments.gateways.protocol import ProviderEvent
from payments.gateways.sandbox.gateway import SandboxGateway
from tests.payments.gateways.conftest import NEXT_SECRET, SECRET

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
OTHER_SECRET = "whsec_c29tZWJvZHktZWxzZSdzLXNlY3JldC1oZXJlLi4u"
EVENT = {
    "object": "event",
    "id": "evt_1",
    "type": "refund.succeeded",
    "created": "2026-11-03T11:59:58.250Z",
    "sequence": 7,
    "data": {"object": "refund", "id": "ref_1", "authorization": "auth_1", "status": "succeeded"},
}
BODY = json.dumps(EVENT).encode()


def signed(
    body: bytes = BODY,
    secret: str = SECRET,
    at: datetime = NOW,
    message_id: str = "evt_1",
) -> dict[str, str]:
    timestamp = int(at.timestamp())
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": signatures.sign(secret, message_id, timestamp, body),
    }


def verify(headers: dict[str, str], body: bytes = BODY, *secrets: str) -> ProviderEvent:
    gateway = SandboxGateway("http://127.0.0.1:1", 1, secrets or (SECRET, NEXT_SECRET))
    return gateway.verify_event(headers, body, NOW)


def reason(headers: dict[str, str], body: bytes = BODY, *secrets: str) -> str:
    with pytest.raises(Forged) as forged:
        verify(headers, body, *secrets)
    return forged.value.reason


def test_genuine_event_is_read() -> None:
    assert verify(signed()) == ProviderEvent(
        id="evt_1",
        type="refund.succeeded",
        kind="refund",
        reference="ref_1",
        authorization_reference="auth_1",
        occurred_at=datetime(2026, 11, 3, 11, 59, 58, 250_000, tzinfo=UTC),
        raw=BODY.decode(),
    )


def test_authorization_is_its_own_authorization() -> None:
    body = json.dumps({**EVENT, "data": {"object": "authorization", "id": "auth_9"}}).encode()
    event = verify(signed(body), body)
    assert event.reference == event.authorization_reference == "auth_9"


def test_signature_is_that_of_the_standards_own_library() -> None:
    theirs = Webhook(SECRET).sign("evt_1", NOW, BODY.decode())
    assert theirs == signatures.sign(SECRET, "evt_1", int(NOW.timestamp()), BODY)


def test_either_secret_counts_during_a_rotation() -> None:
    for secret in (SECRET, NEXT_SECRET):
        assert verify(signed(secret=secret)).id == "evt_1"


def test_one_good_signature_among_others_is_enough() -> None:
    headers = signed()
    headers["Webhook-Signature"] = "v1a,AAAA v2,x v1,%% " + headers["Webhook-Signature"]
    assert verify(headers).id == "evt_1"


def test_other_secret_is_forged() -> None:
    assert reason(signed(secret=OTHER_SECRET)) == "signature_wrong"


def test_without_any_secret_everything_is_forged() -> None:
    with pytest.raises(Forged):
        SandboxGateway("http://127.0.0.1:1", 1, []).verify_event(signed(), BODY, NOW)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (timedelta(minutes=-5), None),
        (timedelta(minutes=-5, seconds=-1), "too_old"),
        (timedelta(minutes=5), None),
        (timedelta(minutes=5, seconds=1), "too_new"),
        (timedelta(days=-400), "too_old"),
        (timedelta(days=400), "too_new"),
    ],
)
def test_time_of_a_message_is_bounded_on_both_sides(by: timedelta, expected: str | None) -> None:
    headers = signed(at=NOW + by)
    if expected is None:
        assert verify(headers).id == "evt_1"
    else:
        assert reason(headers) == expected


def test_changed_body_id_or_time_is_forged() -> None:
    assert reason(signed(), BODY + b" ") == "signature_wrong"
    assert reason({**signed(), "Webhook-Id": "evt_2"}) == "signature_wrong"
    later = str(int(NOW.timestamp()) + 1)
    assert reason({**signed(), "Webhook-Timestamp": later}) == "signature_wrong"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Webhook-Id", ""),
        ("Webhook-Id", "a.b"),
        ("Webhook-Id", "a b"),
        ("Webhook-Id", "\0"),
        ("Webhook-Id", "x" * 81),
        ("Webhook-Timestamp", ""),
        ("Webhook-Timestamp", "now"),
        ("Webhook-Timestamp", "-1"),
        ("Webhook-Timestamp", "1e9"),
        ("Webhook-Timestamp", "9" * 40),
        ("Webhook-Signature", ""),
    ],
)
def test_headers_without_sense_are_forged(name: str, value: str) -> None:
    assert reason({**signed(), name: value}) == "headers_missing"


@pytest.mark.parametrize("value", ["v1", "v1,", "v1,é", "v1," + "A" * 10_000, ", , ,", "é"])
def test_signatures_without_sense_are_forged(value: str) -> None:
    assert reason({**signed(), "Webhook-Signature": value}) == "signature_wrong"


def test_timestamp_beyond_the_calendar_is_forged() -> None:
    assert reason({**signed(), "Webhook-Timestamp": "99999999999"}) == "too_new"


@pytest.mark.parametrize(
    "body",
    [b"", b"not JSON", b"[]", b"null", b"\xff\xfe\x00", b"a\0b", b"[" * 20_000, b'{"id":"evt_2"}'],
)
def test_genuine_message_that_cannot_be_read_is_kept_without_a_type(body: bytes) -> None:
    event = verify(signed(body), body)
    assert (event.id, event.type, event.reference) == ("evt_1", "", "")
    assert event.occurred_at == NOW
    assert "\0" not in event.raw


def test_escaped_nul_and_lone_surrogates_do_not_reach_the_columns() -> None:
    body = b'{"id":"evt_1","type":"a\\u0000b\\ud800","data":{"id":"\\u0000"}}'
    event = verify(signed(body), body)
    assert "\0" not in event.type + event.reference + event.raw
    assert event.type.encode()


@given(body=st.binary(max_size=200), shape=st.sampled_from(["raw", "data"]))
def test_nothing_that_is_genuine_crashes(body: bytes, shape: str) -> None:
    if shape == "data":
        body = json.dumps(
            {"id": "evt_1", "type": body.hex(), "data": body.decode("latin1")}
        ).encode()
    event = verify(signed(body), body)
    assert event.id == "evt_1"
    assert len(event.type) <= 80

"""When it is tried again, and what a secret is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from audit.errors import Refusal
from payments.gateways.signatures import verify
from payments.webhooks.policy import (
    GIVEN_UP,
    LONGEST_PAUSE,
    SCHEDULE,
    USUAL_PAUSE,
    check_types,
    is_given_up,
    new_secret,
    next_try,
    pause_of,
    sign,
    wants,
)

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    assert len(SCHEDULE) == 10
    assert sum(SCHEDULE, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)


@given(st.integers(1, 9), st.floats(0, 1))
def test_jitter_is_a_tenth(tries: int, chance: float) -> None:
    again = next_try(tries, NOW, chance, None)
    assert again is not None
    assert 0.9 * SCHEDULE[tries] <= again - NOW <= 1.1 * SCHEDULE[tries]


def test_after_the_last_try_there_is_none() -> None:
    assert next_try(len(SCHEDULE), NOW, 0.5, timedelta(minutes=1)) is None


def test_what_the_receiver_asked_for_counts_when_it_is_longer() -> None:
    assert next_try(1, NOW, 0.5, timedelta(hours=1)) == NOW + timedelta(hours=1)
    assert next_try(5, NOW, 0.5, timedelta(hours=1)) == NOW + SCHEDULE[5]


@pytest.mark.parametrize(
    ("code", "text", "pause"),
    [
        (429, "120", timedelta(seconds=120)),
        (503, " 7 ", timedelta(seconds=7)),
        (429, "0", timedelta(seconds=1)),
        (429, "", USUAL_PAUSE),
        (429, "soon", USUAL_PAUSE),
        (429, "-5", USUAL_PAUSE),
        (429, "\u0661\u0662", USUAL_PAUSE),
        (429, "9" * 30, LONGEST_PAUSE),
        (503, "Thu, 26 Nov 2026 13:00:00 GMT", timedelta(hours=1)),
        (503, "Thu, 26 Nov 2026 11:00:00 GMT", USUAL_PAUSE),
        (503, "Thu, 26 Nov 2126 11:00:00 GMT", LONGEST_PAUSE),
        (500, "120", None),
        (200, "120", None),
        (None, "", None),
    ],
)
def test_how_long_a_receiver_is_left_alone(
    code: int | None, text: str, pause: timedelta | None
) -> None:
    assert pause_of(code, text, NOW) == pause


def test_an_endpoint_is_given_up_after_three_days_without_success() -> None:
    assert not is_given_up(None, NOW)
    assert not is_given_up(NOW - GIVEN_UP + timedelta(seconds=1), NOW)
    assert is_given_up(NOW - GIVEN_UP, NOW)


def test_secrets_are_long_and_differ() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=200))
def test_both_our_verifier_and_the_librarys_accept_a_signature(body: str) -> None:
    secret, now = new_secret(), datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": sign([new_secret(), secret], "msg_1", now, body),
    }
    Webhook(secret).verify(body, headers, json_parse=False)
    assert verify(headers, body.encode(), [secret], now).id == "msg_1"


def test_types_are_those_of_the_table() -> None:
    known = ["a.b", "a.c"]
    assert check_types(["a.c", "a.b", "a.c"], known) == ["a.b", "a.c"]
    assert check_types([], known) == []
    with pytest.raises(Refusal):
        check_types(["a.d"], known)
    assert wants([], "a.b")
    assert wants(["a.b"], "a.b")
    assert not wants(["a.b"], "a.c")
    assert wants(["a.b"], "webhook.test")

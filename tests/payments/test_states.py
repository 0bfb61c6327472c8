"""Every machine, every pair: what the table allows happens, and nothing else does."""

from __future__ import annotations

import itertools
import uuid

import pytest

from audit.errors import Refusal
from payments.models import (
    Asking,
    Attempt,
    Capture,
    Increment,
    LateAuthorization,
    Payment,
    Refund,
)
from payments.states import (
    ATTEMPT_STATUS,
    MOVES,
    TABLES,
    Event,
    allowed_events,
    derive,
    is_terminal,
    next_status,
)

MODELS = (Attempt, Increment, Capture, Refund, LateAuthorization)
FIRST: dict[type[Asking], set[str]] = {
    Attempt: {"pending"},
    Increment: {"pending"},
    Capture: {"pending"},
    Refund: {"pending", "awaiting_approval"},
    LateAuthorization: {"voiding", "taken"},
}

PAIRS = [
    (model, status, event)
    for model in MODELS
    for status, event in itertools.product(model.Status.values, Event)
]

TERMINAL = {
    Attempt: {"voided", "expired"},
    Increment: {"succeeded", "failed"},
    Capture: {"failed", "voided"},
    Refund: {"rejected", "withdrawn", "lapsed", "failed", "returned"},
    LateAuthorization: {"adopted"},
}


@pytest.mark.parametrize(("model", "status", "event"), PAIRS)
def test_a_move_is_in_the_table_or_refused_with_what_would_be_allowed(
    model: type[Asking], status: str, event: Event
) -> None:
    row = model(status=status)
    expected = TABLES[model].get((status, event))
    if expected is not None:
        assert next_status(row, event) == expected
        return
    with pytest.raises(Refusal) as refused:
        next_status(row, event)
    assert refused.value.details == {
        "status": status,
        "event": event.value,
        "allowed": [one.value for one in allowed_events(row)],
    }


@pytest.mark.parametrize("model", MODELS)
def test_the_terminal_states_are_those_that_nothing_leaves(
    model: type[Asking],
) -> None:
    found = {status for status in model.Status.values if is_terminal(model(status=status))}
    assert found == TERMINAL[model]


@pytest.mark.parametrize("model", MODELS)
def test_every_state_can_be_reached(model: type[Asking]) -> None:
    assert set(TABLES[model].values()) | FIRST[model] == set(model.Status.values)


@pytest.mark.parametrize("model", MODELS)
def test_unknown_is_left_by_an_answer_and_by_nothing_else(
    model: type[Asking],
) -> None:
    unknown = {"unknown", "void_unknown", "return_unknown"}
    events = {e for (status, e) in TABLES[model] if status in unknown}
    assert events, "an unknown outcome must be able to end"
    assert not any(event.value.endswith(".lost") for event in events)


def test_every_attempt_state_says_what_the_payment_is() -> None:
    assert set(ATTEMPT_STATUS) == set(Attempt.Status.values)
    assert set(ATTEMPT_STATUS.values()) <= set(Payment.Status.values)


def test_every_payment_state_says_where_it_may_go() -> None:
    assert set(MOVES) == set(Payment.Status.values)
    assert set().union(*MOVES.values()) <= set(Payment.Status.values)


@pytest.mark.parametrize(
    ("authorized", "captured", "refunded", "attempt", "status"),
    [
        (0, 0, 0, "conflicted", "conflicted"),
        (100, 0, 0, "closing", "authorized"),
        (60, 60, 0, "closing", "captured"),
        (0, 0, 0, "pending", "processing"),
        (0, 0, 0, "unknown", "unknown"),
        (0, 0, 0, "declined", "failed"),
        (100, 0, 0, "authorized", "authorized"),
        (100, 0, 0, "voiding", "authorized"),
        (0, 0, 0, "voided", "voided"),
        (0, 0, 0, "expired", "expired"),
        (100, 60, 0, "authorized", "partially_captured"),
        (60, 60, 0, "voided", "captured"),
        (60, 60, 0, "expired", "captured"),
        (100, 100, 0, "authorized", "captured"),
        (100, 100, 1, "authorized", "partially_refunded"),
        (100, 60, 60, "authorized", "refunded"),
        (100, 100, 100, "authorized", "refunded"),
    ],
)
def test_the_status_of_a_payment_follows_from_its_amounts_and_its_last_attempt(
    authorized: int, captured: int, refunded: int, attempt: str, status: str
) -> None:
    payment = Payment(
        id=uuid.uuid4(),
        authorized_minor=authorized,
        captured_minor=captured,
        refunded_minor=refunded,
    )
    assert derive(payment, Attempt(status=attempt)) == status


@pytest.mark.parametrize(
    ("authorized", "captured", "voided", "attempt", "status"),
    [
        (0, 0, 100, "authorized", "voided_after_capture"),
        (0, 0, 60, "voided", "voided_after_capture"),
        (0, 0, 60, "expired", "voided_after_capture"),
        (40, 0, 60, "authorized", "authorized"),
        (40, 40, 60, "authorized", "captured"),
        (90, 40, 10, "authorized", "partially_captured"),
    ],
)
def test_a_capture_that_was_taken_back_leaves_what_is_still_held_or_a_state_of_its_own(
    authorized: int, captured: int, voided: int, attempt: str, status: str
) -> None:
    payment = Payment(
        id=uuid.uuid4(),
        authorized_minor=authorized,
        captured_minor=captured,
        capture_voided_minor=voided,
    )
    assert derive(payment, Attempt(status=attempt)) == status

"""A provider that does not answer is left in peace, tried again, and come back to."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any, cast

import pytest
from pytest_django import Settings

from audit import clock, measures
from audit.models import LogEntry
from payments.gateways.breaker import (
    FIRST_S,
    LONGEST_S,
    WINDOW_S,
    Gate,
    Held,
    State,
    is_silence,
    state_of,
    until_after,
)
from payments.gateways.commands import close_breaker, open_breaker
from payments.gateways.errors import Mismatch, Rejected, Unavailable, Unknown, UnmappedStatus
from payments.gateways.guarding import Guarded
from payments.gateways.models import ConnectorAccount
from payments.gateways.protocol import Gateway

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
LEAST = 4


@pytest.fixture(autouse=True)
def _soon(settings: Settings) -> None:
    settings.PROVIDER_BREAKER_LEAST = LEAST


class Moody:
    """A gateway that ends as it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls = 0

    def capture(self, **_: Any) -> str:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return "done"

    def verify_event(self) -> str:
        return "genuine"


@pytest.fixture
def account() -> ConnectorAccount:
    return ConnectorAccount.objects.get(connector="sandbox")


def call(moody: Moody, account: ConnectorAccount) -> object:
    account.refresh_from_db()
    return cast("Any", Guarded(cast("Gateway", moody), account)).capture()


def fail(moody: Moody, account: ConnectorAccount, times: int, error: Exception) -> None:
    moody.error = error
    for _ in range(times):
        with pytest.raises(type(error)):
            call(moody, account)


@pytest.mark.parametrize("error", [Unavailable("away"), Unknown("silent")])
def test_silence_opens_it_and_nothing_is_called_any_more(
    account: ConnectorAccount, error: Exception
) -> None:
    moody = Moody()
    fail(moody, account, LEAST, error)
    account.refresh_from_db()
    assert state_of(account, clock.now()) is State.OPEN
    with pytest.raises(Held):
        call(moody, account)
    assert moody.calls == LEAST
    assert LogEntry.objects.filter(event="gateways.breaker.opened").count() == 1
    told = measures.measures["comptoir_breakers_open"].read()
    assert told == {"sandbox": 1.0, "stripe": 0.0}


@pytest.mark.parametrize(
    "error", [Rejected("no", ""), Mismatch("amount", 1, 2), UnmappedStatus("refund", "levitating")]
)
def test_a_no_and_an_odd_answer_are_answers(account: ConnectorAccount, error: Exception) -> None:
    moody = Moody()
    fail(moody, account, 3 * LEAST, error)
    account.refresh_from_db()
    assert state_of(account, clock.now()) is State.CLOSED
    assert not is_silence(Held("not called"))


def test_one_silence_among_answers_opens_nothing(account: ConnectorAccount) -> None:
    moody = Moody()
    for _ in range(3 * LEAST):
        moody.error = None
        call(moody, account)
        call(moody, account)
        fail(moody, account, 1, Unknown("silent"))
    account.refresh_from_db()
    assert account.breaker_until is None


def test_one_call_goes_through_when_its_time_is_over_and_its_answer_closes_it(
    account: ConnectorAccount,
) -> None:
    moody = Moody()
    fail(moody, account, LEAST, Unknown("silent"))
    with clock.at(clock.now() + timedelta(seconds=FIRST_S + 1)):
        moody.error = None
        assert call(moody, account) == "done"
        account.refresh_from_db()
        assert (account.breaker_until, account.breaker_trips) == (None, 0)
        assert call(moody, account) == "done"


def test_its_silence_opens_it_for_longer(account: ConnectorAccount) -> None:
    moody = Moody()
    fail(moody, account, LEAST, Unknown("silent"))
    later = clock.now() + timedelta(seconds=FIRST_S + 1)
    with clock.at(later):
        fail(moody, account, 1, Unknown("silent"))
        account.refresh_from_db()
        assert account.breaker_trips == 2
        assert account.breaker_until is not None
        assert account.breaker_until >= later + timedelta(seconds=2 * FIRST_S)


def test_only_one_call_at_a_time_finds_out_whether_it_answers() -> None:
    gate = Gate()
    gate.enter(State.HALF_OPEN)
    with pytest.raises(Held):
        gate.enter(State.HALF_OPEN)
    assert gate.leave(State.HALF_OPEN, answered=True) is State.CLOSED
    gate.enter(State.CLOSED)


def test_what_is_long_ago_does_not_count() -> None:
    gate = Gate()
    for at in range(LEAST - 1):
        gate.enter(State.CLOSED)
        assert gate.leave(State.CLOSED, answered=False, now_s=float(at)) is None
    gate.enter(State.CLOSED)
    assert gate.leave(State.CLOSED, answered=False, now_s=WINDOW_S * 2) is None


def test_a_provider_that_hangs_never_has_more_than_its_places(
    account: ConnectorAccount, settings: Settings
) -> None:
    settings.PROVIDER_CALLS_AT_ONCE = 2
    gate = Gate()
    for _ in range(2):
        gate.enter(State.CLOSED)
    with pytest.raises(Held):
        gate.enter(State.CLOSED)
    other = Gate()
    other.enter(State.CLOSED)
    gate.leave(State.CLOSED, answered=True)
    gate.enter(State.CLOSED)


def test_places_are_given_back_by_many_threads_at_once(settings: Settings) -> None:
    settings.PROVIDER_CALLS_AT_ONCE = 3
    gate, most = Gate(), []

    def work() -> None:
        for _ in range(200):
            try:
                gate.enter(State.CLOSED)
            except Held:
                continue
            most.append(gate.under_way)
            gate.leave(State.CLOSED, answered=True)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert max(most) <= 3
    assert gate.under_way == 0


def test_what_calls_nobody_passes_an_open_gate(account: ConnectorAccount) -> None:
    open_breaker(account_id=account.pk)
    account.refresh_from_db()
    assert cast("Any", Guarded(cast("Gateway", Moody()), account)).verify_event() == "genuine"


def test_opening_and_closing_again_change_nothing(account: ConnectorAccount) -> None:
    first = open_breaker(account_id=account.pk)
    assert open_breaker(account_id=account.pk).breaker_until == first.breaker_until
    assert close_breaker(account_id=account.pk).breaker_until == first.breaker_until
    with clock.at(clock.now() + timedelta(hours=1)):
        assert close_breaker(account_id=account.pk).breaker_until is None
        assert close_breaker(account_id=account.pk).breaker_trips == 0


def test_it_stays_open_longer_each_time_up_to_some_minutes() -> None:
    now = clock.now()
    waits = [(until_after(trips, now) - now).total_seconds() for trips in range(1, 8)]
    assert waits[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert waits[-1] == LONGEST_S

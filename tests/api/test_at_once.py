"""The provider is asked while the caller waits, no longer than he was promised."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from audit import clock
from audit.actor import acting_as, system
from audit.idempotency.models import Record
from audit.outbox import inline
from audit.outbox.delivery import deliver_due
from audit.outbox.models import Message
from payments.models import Payment
from payments.proofs import payments_off
from tests.api.conftest import Shop, open_shop
from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture
def provider(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    # The threads leave no connection behind that would keep the test's database busy.
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    monkeypatch.setattr(inline, "_pool", None)
    settings.API_WAIT_S = 60.0
    with running_sandbox(tmp_path / "store.sqlite3") as sandbox:
        settings.SANDBOX_URL = sandbox.url
        yield sandbox
        wait_until(
            lambda: not any(one.name.startswith("inline") and is_busy() for one in threads())
        )


def threads() -> list[threading.Thread]:
    return threading.enumerate()


def is_busy() -> bool:
    pool = inline._pool
    return pool is not None and pool.free._value < inline.THREADS


@pytest.fixture
def live(provider: Sandbox) -> Shop:
    return open_shop()


def hang(provider: Sandbox, seconds: int, times: int = 1) -> None:
    body = {"operation": "authorize", "fault": "hang", "seconds": seconds, "times": times}
    provider.control("faults", body)


def test_answer_has_what_the_provider_said(live: Shop) -> None:
    answer = live.pay(1234)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["status"], told["amount_captured"]) == ("captured", 1234)
    wait_until(lambda: set(Message.objects.values_list("status", flat=True)) == {"done"})


def test_decline_is_answered_at_once(live: Shop) -> None:
    with acting_as(system("test")):
        from tests.payments.builders import make_card

        card = make_card(live.merchant, live.customer, token="tok_declined_insufficient_funds")
    answer = live.pay(card=str(card.pk))
    assert (answer.status_code, answer.json()["status"]) == (201, "failed")
    assert answer.json()["attempts"][0]["decline"]["retryable"] is True


def test_repeat_of_an_answered_call_asks_nobody(live: Shop, provider: Sandbox) -> None:
    first = live.pay(idempotency_key="k")
    provider.process.terminate()
    again = live.pay(idempotency_key="k")
    assert (again.status_code, again.content) == (201, first.content)


def test_slow_provider_is_left_to_go_on_and_the_caller_told(
    live: Shop, provider: Sandbox, settings: Settings
) -> None:
    settings.API_WAIT_S = 0.3
    hang(provider, 4)
    answer = live.pay(idempotency_key="k")
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")
    wait_until(lambda: Payment.objects.get().status == "captured")
    assert live.pay(idempotency_key="k").content == answer.content
    assert live.call("GET", f"/payments/{answer.json()['id']}").json()["status"] == "captured"


def test_when_all_threads_hang_nobody_waits(
    live: Shop, provider: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inline, "THREADS", 1)
    monkeypatch.setattr(inline, "_pool", None)
    settings.API_WAIT_S = 0.2
    hang(provider, 6)
    assert live.pay(1000).status_code == 202
    settings.API_WAIT_S = 60.0
    assert live.pay(2000).status_code == 202
    # Nobody took it: it waits for a worker as any other.
    assert Message.objects.filter(status=Message.Status.WAITING).count() == 1
    with acting_as(system("worker")):
        wait_until(lambda: deliver_due() == 0)
    wait_until(lambda: {one.status for one in Payment.objects.all()} == {"captured"})
    assert list(payments_off()) == []


def test_what_a_dead_process_had_taken_is_done_by_a_worker(live: Shop, provider: Sandbox) -> None:
    made = live.pay(1000, capture_method="manual", idempotency_key="k").json()
    assert made["status"] == "authorized"
    # As if it had died before it ran: the message is leased, and nobody is at it.
    answer = lose_the_thread(live, made["id"])
    assert answer["captures"][0]["status"] == "processing"
    with acting_as(system("worker")):
        assert deliver_due() == 0
        with clock.at(clock.now() + timedelta(minutes=1)):
            while deliver_due():
                pass
    told = live.call("GET", f"/payments/{made['id']}").json()
    assert told["amount_captured"] == 1000
    assert Record.objects.count() == 2


def lose_the_thread(live: Shop, payment_id: str) -> dict[str, list[dict[str, str]]]:
    patch = pytest.MonkeyPatch()
    patch.setattr(inline, "_run_all", lambda messages: None)
    try:
        answer: dict[str, list[dict[str, str]]] = live.call(
            "POST", f"/payments/{payment_id}/capture", {}
        ).json()
    finally:
        patch.undo()
    return answer

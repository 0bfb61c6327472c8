"""What a machine is told about this one: alive, ready, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from audit import clock
from audit.actor import acting_as, system
from audit.health import checks
from audit.health.middleware import SHORT_WAY
from audit.health.views import live, metrics, ready
from audit.models import LogEntry
from payments.commands.refunds import refund_payment
from tests.payments.builders import captured_payment, eur, make_reason, new_key

pytestmark = pytest.mark.django_db

OUTSIDE: dict[str, Any] = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    checks._migrated.clear()
    yield
    checks._migrated.clear()


def ask(client: Client, address: str = "/readyz", **extra: Any) -> tuple[int, dict[str, Any]]:
    answer = client.get(address, **extra)
    return answer.status_code, answer.json()


def test_short_way_and_addresses_are_the_same() -> None:
    named = {reverse(f"health:{name}") for name in ("live", "ready", "metrics")}
    assert dict(zip(sorted(named), [live, metrics, ready], strict=True)) == SHORT_WAY


def test_living_is_told_without_asking_anybody(client: Client) -> None:
    client.cookies["sessionid"] = "one-of-long-ago"
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/livez")
    assert (answer.status_code, answer.content) == (200, b"alive\n")
    assert len(queries) == 0


def test_a_probe_needs_neither_the_site_s_name_nor_https(
    client: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for address in ("/livez", "/readyz"):
        assert client.get(address, headers={"host": "10.0.0.9:8000"}).status_code == 200
    assert client.get("/", headers={"host": "10.0.0.9:8000"}).status_code != 200


def test_a_ready_house_says_what_it_looked_at(client: Client) -> None:
    status, said = ask(client)
    assert (status, said["ready"]) == (200, True)
    assert list(said["checks"]) == ["database", "clock", "migrations", "outbox"]
    assert all(one["well"] for one in said["checks"].values())


def test_nothing_of_it_is_on_record(client: Client) -> None:
    for address in SHORT_WAY:
        client.get(address)
    assert not LogEntry.objects.filter(event__startswith="access.").exists()


def test_readiness_costs_few_queries(client: Client) -> None:
    client.get("/readyz")
    with CaptureQueriesContext(connection) as queries:
        client.get("/readyz")
    assert len(queries) <= 4


def test_lost_database_is_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> None:
        raise OperationalError("the address and the name of it")

    monkeypatch.setattr(connection, "cursor", gone)
    monkeypatch.setattr(connection, "close", lambda: None)
    status, said = ask(client)
    assert status == 503
    assert said == {
        "ready": False,
        "checks": {"database": {"well": False, "said": "OperationalError"}},
    }
    assert client.get("/livez").status_code == 200
    assert b"comptoir_database_up 0.0" in client.get("/metrics").content


def test_a_migration_that_waits_is_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'outbox'")
    status, said = ask(client)
    assert (status, said["ready"]) == (503, False)
    assert not said["checks"]["migrations"]["well"]


@pytest.mark.parametrize(("seconds", "status"), [(1, 200), (-1, 200), (30, 503), (-30, 503)])
def test_a_clock_far_from_the_database_s_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int
) -> None:
    theirs = checks._database_time
    monkeypatch.setattr(checks, "_database_time", lambda: theirs() + timedelta(seconds=seconds))
    found, said = ask(client)
    assert found == status
    assert said["checks"]["clock"]["well"] is (status == 200)


@pytest.mark.parametrize(("most_s", "status"), [(0, 200), (600, 200), (60, 503)])
def test_a_backlog_is_told_and_refused_only_when_told_to(
    client: Client, settings: Settings, most_s: int, status: int
) -> None:
    settings.READY_OUTBOX_LAG_S = most_s
    with acting_as(system("test")), clock.at(clock.now() - timedelta(minutes=5)):
        captured_payment(eur(1000))
    found, said = ask(client)
    assert found == status
    seconds, _, words = said["checks"]["outbox"]["said"].partition(" ")
    assert (300 <= int(seconds) < 360, words) == (True, "s behind")


@pytest.mark.parametrize("address", ["/readyz", "/metrics"])
def test_details_are_for_this_machine_alone(client: Client, address: str) -> None:
    for outside in (OUTSIDE, {"headers": {"x-forwarded-for": "127.0.0.1"}}):
        answer = client.get(address, **outside)
        if address == "/readyz":
            assert answer.json() == {"ready": True}
        else:
            assert (answer.status_code, answer.content) == (404, b"")
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("bears", "may"), [("Bearer right", True), ("Bearer wrong", False), ("", False), ("é", False)]
)
def test_with_a_token_only_its_bearer_may_watch(
    client: Client, settings: Settings, bears: str, may: bool
) -> None:
    settings.METRICS_TOKEN = "right"
    here: dict[str, Any] = {}
    for extra in (OUTSIDE, here):
        answer = client.get("/metrics", headers={"authorization": bears}, **extra)
        assert answer.status_code == (200 if may else 404)
        told = client.get("/readyz", headers={"authorization": bears}, **extra).json()
        assert ("checks" in told) is may


def test_a_post_is_refused(client: Client) -> None:
    assert {client.post(address).status_code for address in SHORT_WAY} == {405}


def test_measures_are_read_when_asked(client: Client) -> None:
    with acting_as(system("test")):
        make_reason()
        payment = captured_payment(eur(1000))
        refund_payment(
            payment_id=payment.pk, amount=eur(100), reason="requested_by_customer", key=new_key()
        )
    said = client.get("/metrics").content.decode()
    assert "comptoir_database_up 1.0" in said
    assert 'comptoir_outbox_messages{status="dead"} 0.0' in said
    assert 'comptoir_unknown_outcomes{kind="refund"} 0.0' in said
    assert "comptoir_outbox_lag_seconds" in said
    assert "comptoir_log_unsealed_seconds" in said

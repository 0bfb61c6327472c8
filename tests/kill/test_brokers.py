"""The bell may be gone, and more than one may ring it: each thing is done, and once."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from pytest_django import Settings

from tests.kill.books import assert_all_is_well, is_settled
from tests.kill.broker import running_broker
from tests.kill.business import Business, people_at_work, told_by
from tests.kill.house import NAMES, House, standing_house, wait_until
from tests.kill.traffic import DONE, Person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.usefixtures("somebody"),
    pytest.mark.timeout(900),
]

# A provider that is only slow must not count as silent here: what became of a payment is asked for
# after five minutes, and nobody waits that long.
PATIENT = {"PROVIDER_TIMEOUT_S": "60"}


def begin(house: House, settings: Settings, business: Business) -> None:
    house.wait()
    settings.SANDBOX_URL = house.sandbox_url
    business.sell(6)
    wait_until(lambda: len(business.open_payments()) == 6, "something to work with")


def work(people: list[Person], count: int) -> None:
    def done() -> int:
        return sum(one.answer == DONE for one in told_by(people))

    before = done()
    wait_until(lambda: done() >= before + count, "work")


def end(house: House, people: list[Person], store: Path) -> None:
    """By itself: no worker is started anew, and nobody drains for them."""
    wait_until(is_settled, "the backlog")
    house.end_all_but("sandbox")
    assert_all_is_well(told_by(people), store)


def test_work_goes_on_without_a_broker_and_the_backlog_is_drained_when_it_is_back(
    tmp_path: Path, settings: Settings, business: Business, seed: str
) -> None:
    with (
        running_broker(tmp_path) as broker,
        standing_house(tmp_path, CELERY_BROKER_URL=broker.url, **PATIENT) as house,
    ):
        begin(house, settings, business)
        with people_at_work(house, business, seed) as people:
            work(people, 2)
            broker.kill()
            work(people, 6)
            assert all(one.troubles == 0 for one in told_by(people)), "nobody waits for a bell"
        assert not is_settled(), "there was nobody to do it"
        broker.start()
        end(house, people, tmp_path / "sandbox.sqlite3")
    said = [line["event"] for line in house.said("web")]
    assert any("the bell did not ring" in event for event in said)


def test_two_beats_and_two_workers_do_each_thing_once(
    tmp_path: Path, settings: Settings, business: Business, seed: str
) -> None:
    with standing_house(tmp_path, *NAMES, "worker2", "beat2", **PATIENT) as house:
        begin(house, settings, business)
        with people_at_work(house, business, seed) as people:
            work(people, 8)
        wait_until(is_settled, "the backlog")
        counted = httpx.get(f"{house.url}/metrics").text
        end(house, people, tmp_path / "sandbox.sqlite3")
    # Whoever is asked answers for all: the web has seen the people, the workers the provider.
    for line in ('{method="POST",route="payments:refund_new",status="302"}', 'operation="refund"'):
        assert line in counted

"""The database goes away while people work, and comes back: they are told, and nobody restarts
anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.db import connections
from pytest_django import Settings

from audit.actor import Actor
from payments.models import Refund
from tests.kill.books import assert_all_is_well, drain, is_settled
from tests.kill.business import Business, people_at_work, told_by
from tests.kill.house import House, standing_house, wait_until
from tests.kill.server import OwnServer, at_home_in, own_server
from tests.kill.traffic import DONE, Person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.usefixtures("somebody"),
    pytest.mark.timeout(900),
]

GONE = {
    "en": "The database does not answer at the moment. Nothing was changed.",
    "fr": "La base de données ne répond pas pour le moment.",
}


@pytest.fixture
def server(hashers: None, somebody: Actor) -> Iterator[OwnServer]:
    with own_server() as server, at_home_in(server):
        yield server


def page(house: House, language: str) -> httpx.Response:
    return httpx.get(
        f"{house.url}/payments/",
        headers={"accept-language": language},
        cookies={"sessionid": "somebodys"},
        timeout=30,
    )


def looks_lost(house: House) -> bool:
    for language, words in GONE.items():
        answer = page(house, language)
        if answer.status_code != 503 or words not in answer.text:
            return False
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["request-id"] in answer.text
    return True


def wait_for_more_work(people: list[Person]) -> None:
    def counted() -> int:
        return sum(one.answer == DONE for one in told_by(people))

    before = counted()
    wait_until(lambda: counted() >= before + 2, "work goes on")


def test_a_server_stopped_and_started_is_found_again_and_nothing_is_half_done(
    tmp_path: Path, settings: Settings, server: OwnServer, seed: str
) -> None:
    business = Business()
    with standing_house(tmp_path) as house:
        house.wait()
        settings.SANDBOX_URL = house.sandbox_url
        business.sell(6)
        wait_until(lambda: len(business.open_payments()) == 6, "something to work with")
        pids = {name: process.pid for name, process in house.running.items()}
        with people_at_work(house, business, seed) as people:
            for _ in range(2):
                wait_for_more_work(people)
                server.stop()
                wait_until(lambda: looks_lost(house), "pages that say so")
                assert house.answers("/livez")
                assert not house.answers("/readyz")
                server.start()
                wait_until(lambda: house.answers("/readyz"), "recovery")
            wait_for_more_work(people)
        # Ours was cut, too.
        connections.close_all()
        assert {name: process.pid for name, process in house.running.items()} == pids
        assert all(process.poll() is None for process in house.running.values())
        # The worker that stood through it does what is left, but for what it held when it broke.
        made = Refund.objects.filter(status="succeeded").count()
        wait_until(
            lambda: is_settled() or Refund.objects.filter(status="succeeded").count() > made,
            "the worker goes on",
        )
        house.end_all_but("sandbox")
        drain()
        assert_all_is_well(told_by(people), tmp_path / "sandbox.sqlite3")

"""Everything may be killed at any moment while people work: nothing is lost and nothing doubled.

`KILL_SECONDS` says for how long, `KILL_SEED` which order of kills to play again; a failing test
names its seed. `make test-kill` goes on for ten minutes.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from pytest_django import Settings

from payments.models import Capture, Refund
from payments.parties.models import Customer
from payments.parties.queries import reveal
from tests.kill.books import assert_all_is_well, drain
from tests.kill.business import PASSWORD, Business, people_at_work, told_by
from tests.kill.house import House, standing_house, wait_until
from tests.kill.traffic import DONE

LONG = bool(os.environ.get("CI")) and os.environ.get("DATABASE_ENGINE")
SECONDS = float(os.environ.get("KILL_SECONDS") or (240 if LONG else 20))

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.usefixtures("somebody"),
    pytest.mark.timeout(SECONDS + 400),
]


def kill_at_random(house: House, seed: str, names: list[str], seconds: float) -> int:
    """Kill one after the other, each at a moment of its own, and start it again."""
    chance = random.Random(seed)
    end = time.monotonic() + seconds
    kills = 0
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.05, 2.0))
        name = chance.choice(names)
        house.kill(name)
        kills += 1
        if chance.random() < 0.5:
            time.sleep(chance.uniform(0, 1.0))
        house.start()
        if name == "web":
            house.wait()
    return kills


def test_nothing_is_lost_or_doubled_whatever_is_killed(
    tmp_path: Path, settings: Settings, business: Business, seed: str
) -> None:
    with standing_house(tmp_path) as house:
        house.wait()
        settings.SANDBOX_URL = house.sandbox_url
        business.sell(9)
        wait_until(lambda: len(business.open_payments()) >= 6, "something to work with")
        with people_at_work(house, business, seed) as people:
            kills = kill_at_random(house, seed, ["web", "worker", "beat", "sandbox"], SECONDS)
        told = told_by(people)
        house.wait()
        house.end_all_but("sandbox")
        drain()
        assert_all_is_well(told, tmp_path / "sandbox.sqlite3")
    done = [one for one in told if one.answer == DONE]
    assert kills >= 3, seed
    assert len(done) >= 3, f"seed {seed}: {len(told)} told, {kills} kills"
    assert Refund.objects.exists()
    assert Capture.objects.filter(key__in=[one.key for one in done]).exists() or len(done) < 20
    assert_lines_are_clean(house, business)


def assert_lines_are_clean(house: House, business: Business) -> None:
    """Every line of ours is JSON with the id of a request, and none names anybody."""
    lines = house.said("web", "worker", "beat")
    assert len(lines) > 20
    assert [line for line in lines if not line.get("request_id")] == []
    text = "\n".join(line for _name, line in house.lines("web", "worker", "beat", "sandbox"))
    for word in personal_words(business):
        assert word not in text, word


def personal_words(business: Business) -> list[str]:
    """Everything that would name a customer or a colleague."""
    known = reveal(Customer.objects.get(pk=business.customer.pk))
    words = [word for value in known.values() for word in (value, *value.split()) if len(word) > 3]
    return [*words, *business.emails, PASSWORD, business.card.token]

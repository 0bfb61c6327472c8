"""Five hundred payments over a network that is cut at COMMIT and loses calls to the provider, by an
impatient shop that blindly asks again: each is taken once, and captured once.

`KILL_SEED` plays one order of losses again, `SHOP_PAYMENTS` says how many payments.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from pytest_django import Settings

from audit.actor import acting_as, system
from audit.idempotency.models import Record
from audit.models import LogEntry
from payments.models import Capture, Payment
from tests.api.conftest import make_secret_key
from tests.engine.proxy import proxy_process, server_address
from tests.kill.books import assert_all_is_well, drain
from tests.kill.house import House, standing_house
from tests.kill.losing import losing_process
from tests.kill.shop import Shop
from tests.payments.builders import make_card, make_merchant
from tests.processes import answer_of, fork

PAYMENTS = int(os.environ.get("SHOP_PAYMENTS", "500"))
CLIENTS = 4
ROUNDS = 8
COMMITS_CUT, CALLS_LOST = 0.03, 0.06

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.usefixtures("somebody"),
    pytest.mark.timeout(1800),
]


def sell_with_all(house: House, secret: str, card: str, seed: str) -> list[dict[str, Any]]:
    """Each of the clients asks for its part of the payments; what each was told."""
    shares = [range(number, PAYMENTS, CLIENTS) for number in range(CLIENTS)]
    children = [
        fork(lambda share=share: Shop(house.url, secret, card, seed).sell_all(share))  # type: ignore[misc]
        for share in shares
    ]
    answers = [answer_of(child) for child in children]
    assert [code for code, _said in answers] == [0] * CLIENTS, seed
    return [said for _code, said in answers]


def test_five_hundred_payments_over_a_bad_network_are_taken_and_captured_once(
    tmp_path: Path, settings: Settings, seed: str
) -> None:
    merchant = make_merchant()
    card = str(make_card(merchant).pk)
    secret = make_secret_key(merchant)[1]
    at = connection.settings_dict
    told: dict[str, set[str]] = {}
    repeats = 0
    states: Counter[str] = Counter()
    with (
        proxy_process(server_address(), probability=COMMITS_CUT, seed=int(seed, 16)) as database,
        standing_house(tmp_path, "sandbox") as house,
        losing_process(house.sandbox_url, probability=CALLS_LOST, seed=seed) as network,
    ):
        url = f"cockroachdb://{at['USER']}@{database.address}/{at['NAME']}"
        house.environment |= {"DATABASE_URL": url, "SANDBOX_URL": network.url}
        house.start("web", "worker", "beat")
        house.wait()
        settings.SANDBOX_URL = house.sandbox_url
        for _round in range(ROUNDS):
            said = sell_with_all(house, secret, card, seed)
            assert [one["odd"] for one in said] == [[]] * CLIENTS, seed
            for key, ids in (item for one in said for item in one["told"].items()):
                told.setdefault(key, set()).update(ids)
            repeats += sum(one["repeats"] for one in said)
            # Days later: what nobody knew was asked for.
            with acting_as(system("test")):
                drain()
            states = Counter(Payment.objects.values_list("status", flat=True))
            if states == {"captured": PAYMENTS}:
                break
        cut, lost = database.reset(), network.lost()
        house.end_all_but("sandbox")
        with acting_as(system("test")):
            drain()
            assert_all_is_well([], tmp_path / "sandbox.sqlite3")
    assert states == {"captured": PAYMENTS}, (seed, states)
    assert_each_is_there_once(told, seed)
    # It was a bad network.
    assert min(cut.cut_before, cut.cut_after, *lost.values()) > PAYMENTS // 100, (seed, cut, lost)
    assert repeats > PAYMENTS // 50, seed


def assert_each_is_there_once(told: dict[str, set[str]], seed: str) -> None:
    """One payment for each order, captured once and in full, one answer and one record of each."""
    ids = [one for answers in told.values() for one in answers]
    assert len(told) == len(ids) == len(set(ids)) == PAYMENTS, seed
    assert {str(pk) for pk in Payment.objects.values_list("pk", flat=True)} == set(ids), seed
    assert not Payment.objects.exclude(captured_minor=F("amount_minor")).exists(), seed
    taken = Counter(Capture.objects.filter(status="succeeded").values_list("payment_id", flat=True))
    assert list(taken.values()) == [1] * PAYMENTS, seed
    assert not Record.objects.filter(answered_at__isnull=True).exists(), seed
    for event in ("payments.attempt.authorized", "payments.capture.succeeded"):
        entries = LogEntry.objects.filter(
            event=event, outcome="done", object_repr__startswith=event.split(".")[1]
        )
        about = Counter(entries.values_list("object_pk", flat=True))
        assert set(about.values()) == {1}, (seed, event)
        assert len(about) == PAYMENTS, (seed, event)

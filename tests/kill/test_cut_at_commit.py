"""The connection to the database is cut at COMMIT, before or after it was executed: what was done
is never told as failed, and each thing is done once."""

from __future__ import annotations

import os
import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from audit.actor import acting_as, system
from audit.errors import Busy, OutcomeUnknown, Refusal
from payments.commands.captures import capture_payment
from payments.commands.refunds import refund_payment
from payments.models import Capture, Refund
from payments.proofs import payments_off
from tests.engine.proxy import Proxy, proxy_process, server_address, through
from tests.kill.books import assert_all_is_well, drain
from tests.kill.business import Business, people_at_work, told_by
from tests.kill.house import standing_house, wait_until
from tests.kill.traffic import DONE
from tests.payments.builders import authorized_payment, captured_payment, eur, make_reason
from tests.processes import answer_of, fork

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.usefixtures("somebody"),
    pytest.mark.timeout(900),
]

CLIENTS = 5
ACTS = 8
OFTEN = 0.3
SEEDS = [os.environ["KILL_SEED"]] if "KILL_SEED" in os.environ else ["1", "2", "3"]

Act = tuple[str, str, str]
"""What is asked for, of which payment, with which key."""


def act(one: Act) -> str:
    """Ask once; how it was told."""
    what, payment_id, key = one
    try:
        if what == "refund":
            refund_payment(
                payment_id=uuid.UUID(payment_id),
                amount=eur(10),
                reason="requested_by_customer",
                key=key,
            )
        else:
            capture_payment(payment_id=uuid.UUID(payment_id), amount=eur(10), key=key)
    except (OutcomeUnknown, Busy) as trouble:
        return type(trouble).__name__
    except Refusal as refusal:
        return refusal.code
    return "done"


def client(acts: list[Act]) -> list[list[str]]:
    """Ask for each until it is told as done, as a person with the same form does."""
    told = []
    for one in acts:
        said = [act(one)]
        while said[-1] != "done" and len(said) < 20:
            said.append(act(one))
        told.append(said)
    return told


@pytest.mark.parametrize("seed", SEEDS)
def test_several_clients_whose_commits_are_cut_do_each_thing_once(seed: str) -> None:
    make_reason()
    captured = [captured_payment(eur(10_000)) for _ in range(3)]
    held = [authorized_payment(eur(10_000)) for _ in range(CLIENTS)]
    chance = random.Random(seed)
    plans: list[list[Act]] = [
        [
            ("refund", str(chance.choice(captured).pk), f"{seed}-{number}-{turn}")
            for turn in range(ACTS)
        ]
        + [("capture", str(held[number].pk), f"{seed}-{number}-capture")]
        for number in range(CLIENTS)
    ]
    with Proxy(server_address(), probability=OFTEN, seed=int(seed, 16)) as proxy, through(proxy):
        children = [fork(lambda plan=plan: client(plan)) for plan in plans]  # type: ignore[misc]
        answers = [answer_of(child) for child in children]
    assert proxy.counts.cut_before > 3, seed
    assert proxy.counts.cut_after > 3, seed
    assert [code for code, _told in answers] == [0] * CLIENTS, seed
    for _code, told in answers:
        for said in told:
            assert said[-1] == "done", (seed, said)
            assert set(said) <= {"done", "OutcomeUnknown", "Unreachable", "Busy"}, (seed, said)
    for model, what in ((Refund, "refund"), (Capture, "capture")):
        keys = [key for plan in plans for kind, _of, key in plan if kind == what]
        made = list(model.objects.filter(key__startswith=f"{seed}-").values_list("key", flat=True))
        assert sorted(made) == sorted(keys), seed
    assert list(payments_off()) == []


def test_the_same_seed_cuts_one_client_at_the_same_commits() -> None:
    make_reason()
    payment = captured_payment(eur(10_000))

    def run(mark: str) -> Any:
        plan: list[Act] = [("refund", str(payment.pk), f"{mark}-{turn}") for turn in range(6)]
        with Proxy(server_address(), probability=OFTEN, seed=7) as proxy, through(proxy):
            code, told = answer_of(fork(lambda: client(plan)))
        counts = proxy.counts
        return code, told, counts.cut_before, counts.cut_after

    assert run("a") == run("b")


def test_a_whole_house_behind_a_bad_network_loses_nothing(
    tmp_path: Path, settings: Settings, business: Business, seed: str
) -> None:
    at = connection.settings_dict
    with proxy_process(server_address(), probability=0.05, seed=int(seed, 16)) as proxy:
        url = f"cockroachdb://{at['USER']}@{proxy.address}/{at['NAME']}"
        with standing_house(tmp_path, DATABASE_URL=url) as house:
            house.wait()
            settings.SANDBOX_URL = house.sandbox_url
            business.sell(6)
            wait_until(lambda: len(business.open_payments()) >= 5, "something to work with")
            with people_at_work(house, business, seed) as people:
                wait_until(lambda: sum(one.answer == DONE for one in told_by(people)) >= 12, "work")
            counts = proxy.reset()
            house.end_all_but("sandbox")
            with acting_as(system("test")):
                drain()
                assert_all_is_well(told_by(people), tmp_path / "sandbox.sqlite3")
    assert counts.cut_before + counts.cut_after > 3, seed

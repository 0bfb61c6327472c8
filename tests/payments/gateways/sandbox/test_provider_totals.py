import random

import pytest

from tests.payments.gateways.sandbox.running import Sandbox

NOTHING = {"count": 0, "amount": 0}


def test_totals_start_empty(own_sandbox: Sandbox) -> None:
    assert own_sandbox.get("/v1/totals")["totals"] == {}


def test_totals_tell_each_currency_and_kind(own_sandbox: Sandbox) -> None:
    own_sandbox.authorize(1000, currency="JPY", capture="automatic")
    path = f"/v1/authorizations/{own_sandbox.authorize(900)['id']}"
    own_sandbox.made(f"{path}/increments", {"amount": 100})
    own_sandbox.made(f"{path}/captures", {"amount": 300})
    own_sandbox.made(f"{path}/void", {"amount": 200})
    own_sandbox.made(f"{path}/refunds", {"amount": 50})
    back = own_sandbox.authorize(40, capture="automatic")["latest_capture"]
    own_sandbox.made(f"/v1/captures/{back}/void")
    own_sandbox.authorize(77, card="tok_declined_lost_card")
    failing = own_sandbox.authorize(60, card="tok_refund_fails_later", capture="automatic")
    own_sandbox.made(f"/v1/authorizations/{failing['id']}/refunds", {"amount": 60})
    own_sandbox.control("clock", {"seconds": 8 * 86400})
    totals = own_sandbox.get("/v1/totals")["totals"]
    assert list(totals) == ["EUR", "JPY"]
    assert totals["EUR"] == {
        "authorized": {"count": 3, "amount": 1100},
        "captured": {"count": 3, "amount": 400},
        "refunded": {"count": 1, "amount": 50},
        "refund_failed": {"count": 1, "amount": 60},
        "capture_voided": {"count": 1, "amount": 40},
        "voided": {"count": 1, "amount": 200},
        "expired": {"count": 1, "amount": 500},
        "declined": {"count": 1, "amount": 77},
    }
    assert totals["JPY"]["captured"] == {"count": 1, "amount": 1000}
    assert totals["JPY"]["refunded"] == NOTHING


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_calls_keeps_the_amounts_in_order(own_sandbox: Sandbox, seed: int) -> None:
    """Against a model: what is accepted adds up, what is too much is refused."""
    chance = random.Random(seed)
    asked = chance.randint(1, 5000)
    path = f"/v1/authorizations/{own_sandbox.authorize(asked)['id']}"
    sums = {"captures": 0, "void": 0, "increments": asked, "refunds": 0}
    for _ in range(150):
        what = chance.choice(("captures", "captures", "void", "increments", "refunds", "refunds"))
        amount = chance.randint(1, 800)
        left = sums["increments"] - sums["captures"] - sums["void"]
        room = {
            "captures": left,
            "void": left,
            "increments": 800 if left else 0,
            "refunds": sums["captures"] - sums["refunds"],
        }[what]
        accepted = own_sandbox.post(f"{path}/{what}", {"amount": amount}).status_code == 201
        assert accepted is (amount <= room)
        sums[what] += amount if accepted else 0
    now = own_sandbox.get(path)
    assert now["approved_amount"] == sums["increments"]
    assert now["captured_amount"] == sums["captures"]
    assert now["voided_amount"] == sums["void"]
    assert now["refunded_amount"] == sums["refunds"]
    captures = own_sandbox.get(f"{path}/captures")["data"]
    assert sum(one["refunded_amount"] for one in captures) == sums["refunds"]
    totals = own_sandbox.get("/v1/totals")["totals"]["EUR"]
    assert totals["captured"]["amount"] == sums["captures"]
    assert totals["refunded"]["amount"] == sums["refunds"]

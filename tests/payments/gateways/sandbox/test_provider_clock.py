from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.payments.gateways.sandbox.running import (
    Sandbox,
    error_code,
    running_sandbox,
    wait_until,
)

DAY_S = 86400
LONG_AGO = "2025-01-01T12:00:00Z"


def now_of(sandbox: Sandbox) -> datetime:
    return datetime.fromisoformat(sandbox.get("/control/clock")["now"])


def test_clock_moves_forward_and_stays_there(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    with running_sandbox(store) as sandbox:
        before = now_of(sandbox)
        sandbox.control("clock", {"seconds": DAY_S})
        assert timedelta(days=1) <= now_of(sandbox) - before < timedelta(days=1, minutes=1)
        to = (before + timedelta(days=3)).isoformat()
        sandbox.control("clock", {"to": to})
        assert now_of(sandbox) - before >= timedelta(days=3)
    with running_sandbox(store) as sandbox:
        assert now_of(sandbox) - before >= timedelta(days=3)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"to": LONG_AGO}, "clock_goes_back"),
        ({"to": "9999-12-31T23:59:59Z"}, "clock_too_far"),
        ({"seconds": -1}, "seconds_invalid"),
        ({"seconds": 1e300}, "seconds_invalid"),
        ({"seconds": "1"}, "seconds_invalid"),
    ],
)
def test_clock_refuses_other_moves(sandbox: Sandbox, body: dict[str, object], code: str) -> None:
    assert error_code(sandbox.client.post("/control/clock", json=body)) == (422, code)


def test_authorization_expires_after_seven_days(own_sandbox: Sandbox) -> None:
    made = own_sandbox.authorize(1000)
    path = f"/v1/authorizations/{made['id']}"
    own_sandbox.made(f"{path}/captures", {"amount": 400})
    own_sandbox.control("clock", {"seconds": 7 * DAY_S})
    now = own_sandbox.get(path)
    assert (now["captured_amount"], now["expired_amount"], now["capturable_amount"]) == (
        400,
        600,
        0,
    )
    assert own_sandbox.events_of(made["id"])[-1] == "authorization.expired"
    assert error_code(own_sandbox.post(f"{path}/captures")) == (409, "authorization_expired")
    assert own_sandbox.made(f"{path}/refunds")["amount"] == 400


def test_used_up_authorization_does_not_expire(own_sandbox: Sandbox) -> None:
    made = own_sandbox.authorize(1000)
    own_sandbox.made(f"/v1/authorizations/{made['id']}/void")
    own_sandbox.control("clock", {"seconds": 8 * DAY_S})
    assert "authorization.expired" not in own_sandbox.events_of(made["id"])


def test_past_authorization_is_captured_at_its_own_time(sandbox: Sandbox) -> None:
    path = f"/v1/authorizations/{sandbox.authorize(occurred_at=LONG_AGO)['id']}"
    capture = sandbox.made(
        f"{path}/captures", {"amount": 4, "occurred_at": "2025-01-03T12:00:00+01:00"}
    )
    assert capture["created"] == "2025-01-03T11:00:00.000Z"
    late = sandbox.post(f"{path}/captures", {"occurred_at": "2025-01-09T00:00:00Z"})
    assert error_code(late) == (409, "authorization_expired")
    assert sandbox.get(path)["capturable_amount"] == 0
    assert sandbox.made(f"{path}/refunds", {"occurred_at": "2025-02-01T00:00:00Z"})["amount"] == 4


def test_pending_authorization_resolves_with_time(own_sandbox: Sandbox) -> None:
    made = own_sandbox.authorize(card="tok_pending", capture="automatic")
    own_sandbox.control("clock", {"seconds": 600})
    now = own_sandbox.get(f"/v1/authorizations/{made['id']}")
    assert (now["status"], now["captured_amount"]) == ("authorized", 10_000)
    assert now["expires_at"] > made["expires_at"]


def test_past_pending_authorization_resolves_by_itself(sandbox: Sandbox) -> None:
    path = f"/v1/authorizations/{sandbox.authorize(card='tok_pending', occurred_at=LONG_AGO)['id']}"
    wait_until(lambda: sandbox.get(path)["status"] == "authorized")
    (_, event) = sandbox.events(about=sandbox.get(path)["id"])
    assert event["created"] == "2025-01-01T12:10:00.000Z"

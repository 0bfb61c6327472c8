"""What is counted, by every process, and never about anybody."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as house
from django.test import Client

from audit.actor import acting_as, operator
from audit.command import command
from audit.errors import Refusal
from audit.health.exposition import exposition, fold_the_dead
from audit.health.middleware import _method_of
from audit.measures import COMMANDS
from audit.work import Work
from config.access.commands import create_person
from payments.gateways.errors import Rejected, Unavailable, Unknown
from payments.gateways.registry import get_gateway
from tests.processes import answer_of, fork

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]


def figure(line: str) -> float:
    """The number that stands behind a name with its labels, 0 when it is not there."""
    for one in exposition().decode().splitlines():
        if one.startswith(f"{line} "):
            return float(one.rpartition(" ")[2])
    return 0.0


@command("toys.counted")
def play(work: Work, *, ending: str) -> None:
    if ending == "denied":
        raise Refusal("no", "no")
    if ending == "failed":
        raise RuntimeError


@pytest.mark.parametrize("ending", ["done", "denied", "failed"])
def test_a_command_is_counted_by_how_it_ended(ending: str) -> None:
    line = f'comptoir_commands_total{{event="toys.counted",outcome="{ending}"}}'
    before = figure(line)
    try:
        play(ending=ending)
    except (Refusal, RuntimeError):
        assert ending != "done"
    assert figure(line) == before + 1


def test_a_request_is_counted_by_route_and_not_by_address(client: Client) -> None:
    login = 'comptoir_requests_total{method="GET",route="account_login",status="200"}'
    none = 'comptoir_requests_total{method="GET",route="none",status="404"}'
    before = figure(login), figure(none)
    client.get("/accounts/login/?next=/payments/jane@shop.test/")
    client.get("/jane@shop.test/")
    assert (figure(login), figure(none)) == (before[0] + 1, before[1] + 1)
    assert "jane" not in exposition().decode()
    assert figure('comptoir_request_seconds_count{route="account_login"}') >= 1


def test_a_word_that_is_no_method_is_not_kept(rf: Any) -> None:
    assert _method_of(rf.generic("BREW", "/")) == "other"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "answered"),
        (Rejected("no", "no"), "rejected"),
        (Unavailable("away"), "unavailable"),
        (Unknown("silence"), "unknown"),
        (RuntimeError(), "failed"),
    ],
)
def test_a_call_of_a_provider_is_counted_by_how_it_ended(
    monkeypatch: pytest.MonkeyPatch, error: Exception | None, outcome: str
) -> None:
    from payments.gateways.sandbox.gateway import SandboxGateway

    def answer(*_: object) -> tuple[()]:
        if error is not None:
            raise error
        return ()

    monkeypatch.setattr(SandboxGateway, "totals", answer)
    labels = f'connector="sandbox",operation="totals",outcome="{outcome}"'
    before = figure(f"comptoir_provider_calls_total{{{labels}}}")
    with pytest.raises(type(error)) if error else nullcontext():
        get_gateway("sandbox").totals()
    assert figure(f"comptoir_provider_calls_total{{{labels}}}") == before + 1


LINE = 'comptoir_commands_total{event="toys.of_a_child",outcome="done"}'


def count(times: int) -> Callable[[], int]:
    def do() -> int:
        for _ in range(times):
            COMMANDS.labels("toys.of_a_child", "done").inc()
        return os.getpid()

    return do


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_all_processes_are_added_up_and_the_dead_are_not_forgotten() -> None:
    before = figure(LINE)
    pids = [answer_of(fork(count(times)))[1] for times in (2, 3)]
    assert figure(LINE) == before + 5
    folder = Path(house.METRICS_DIR)
    files = [folder / f"counter_{pid}.db" for pid in pids]
    assert all(file.exists() for file in files)
    for _ in range(2):
        fold_the_dead()
        assert figure(LINE) == before + 5
    assert not any(file.exists() for file in files)
    assert (folder / f"counter_{os.getpid()}.db").exists(), "the living keep theirs"
    answer_of(fork(count(1)))
    fold_the_dead()
    assert figure(LINE) == before + 6


def test_nobody_is_named_in_what_is_counted(client: Client) -> None:
    with acting_as(operator("test")):
        create_person(email="ada@house.test", name="Ada", password="quiet harbour 41", roles=[])
    for password in ("wrong", "quiet harbour 41"):
        client.post("/accounts/login/", {"login": "ada@house.test", "password": password})
    said = exposition().decode()
    assert 'route="account_login",status="302"' in said, "a request that ran again has its route"
    assert not any(word in said for word in ("ada@", "Ada", "quiet", "127.0.0.1"))

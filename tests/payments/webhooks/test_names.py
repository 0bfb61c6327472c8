"""Name servers that say nothing hold nobody up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from payments.webhooks import names
from payments.webhooks.sending import post

URL = "https://shop.example/"


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver that says nothing until it is let go."""
    let_go = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        let_go.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield let_go
    let_go.set()
    for thread in threading.enumerate():
        if thread.name == "resolve":
            thread.join(5)


@pytest.mark.usefixtures("silent")
def test_name_that_is_not_found_in_time_times_out() -> None:
    begun = time.monotonic()
    answer = post(URL, b"{}", {}, 0.3)
    assert time.monotonic() - begun < 5
    assert answer.outcome == "timed_out"


@pytest.mark.usefixtures("silent")
def test_name_servers_have_less_time_than_the_whole_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.webhooks.sending.NAME_S", 0.2)
    begun = time.monotonic()
    assert post(URL, b"{}", {}, 60).outcome == "timed_out"
    assert time.monotonic() - begun < 10


@pytest.mark.usefixtures("silent")
def test_only_so_many_questions_hang_at_a_time() -> None:
    for _ in range(names.MOST_UNDER_WAY + 3):
        with pytest.raises(TimeoutError):
            names.resolve("shop.example", 443, 0.01)
    asking = [one for one in threading.enumerate() if one.name == "resolve"]
    assert len(asking) == names.MOST_UNDER_WAY


def test_questions_that_are_over_make_room(silent: threading.Event) -> None:
    for _ in range(names.MOST_UNDER_WAY):
        with pytest.raises(TimeoutError):
            names.resolve("shop.example", 443, 0.01)
    silent.set()
    with pytest.raises(socket.gaierror):
        names.resolve("shop.example", 443, 10)


def test_what_is_found_is_what_the_system_says() -> None:
    assert {place[0] for *_rest, place in names.resolve("127.0.0.1", 80, 10)} == {"127.0.0.1"}


def test_name_that_cannot_be_one_is_not_known() -> None:
    with pytest.raises(socket.gaierror):
        names.resolve("a" * 70 + ".example", 443, 10)

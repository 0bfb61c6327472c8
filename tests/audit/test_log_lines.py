"""What reaches the console: whole, readable, and without a card number."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from django.test import Client
from pytest_django import Settings

from audit.actor import acting_as, current_request_id, name_request, system
from audit.card_numbers import REMOVED
from audit.logs import ScrubFilter, formatter
from audit.outbox.delivery import deliver_due
from config import celery
from tests.payments.builders import new_payment

# A public test number, in pieces.
CARD = "4111" + "1111" * 3


class Console(io.StringIO):
    """Where the lines go; sometimes a person looks at it."""

    is_watched = False

    def isatty(self) -> bool:
        return self.is_watched


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def logger(console: Console) -> Iterator[logging.Logger]:
    made = logging.getLogger("house.lines")
    made.propagate = False
    made.setLevel(logging.INFO)
    yield made
    made.handlers.clear()


def listen(logger: logging.Logger, console: Console, *, filtered: bool = True) -> None:
    handler = logging.StreamHandler(console)
    with redirect_stderr(console):
        handler.setFormatter(formatter())
    if filtered:
        handler.addFilter(ScrubFilter())
    logger.addHandler(handler)


def structured(logger: logging.Logger) -> Any:
    return structlog.wrap_logger(
        logger,
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    )


def fail(logger: logging.Logger) -> None:
    try:
        raise ValueError(f"declined {CARD}")
    except ValueError:
        logger.exception("no answer for %s", CARD, stack_info=True)


def test_line_is_json_with_the_request(logger: logging.Logger, console: Console) -> None:
    listen(logger, console)
    with acting_as(system("test", "a" * 32)):
        logger.info("sent %d to %s", 2, "é")
    line = json.loads(console.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "sent 2 to é",
        "level": "info",
        "logger": "house.lines",
        "request_id": "a" * 32,
    }


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("filtered", [False, True])
def test_card_number_in_message_and_exception_is_removed(
    logger: logging.Logger, console: Console, settings: Settings, watched: bool, filtered: bool
) -> None:
    settings.DEMO = console.is_watched = watched
    listen(logger, console, filtered=filtered)
    fail(logger)
    told = console.getvalue()
    assert CARD not in told
    assert f"no answer for {REMOVED}" in told
    assert f"ValueError: declined {REMOVED}" in told
    assert "Traceback" in told
    assert "Stack" in told


@pytest.mark.parametrize("filtered", [False, True])
def test_card_number_in_any_value_is_removed_and_the_line_stays_json(
    logger: logging.Logger, console: Console, filtered: bool
) -> None:
    listen(logger, console, filtered=filtered)
    structured(logger).info(
        "paid",
        number=int(CARD),
        text=f"card {CARD}",
        deep={"cards": [CARD, {CARD}], CARD: 1},
        thing=ValueError(CARD),
        plain=1.5,
        none=None,
        yes=True,
    )
    line = json.loads(console.getvalue())
    assert CARD not in console.getvalue()
    assert (line["number"], line["text"]) == (REMOVED, f"card {REMOVED}")
    assert line["deep"] == {"cards": [REMOVED, [REMOVED]], REMOVED: 1}
    assert (line["plain"], line["none"], line["yes"]) == (1.5, None, True)


def test_number_that_only_the_whole_line_shows_is_removed(
    logger: logging.Logger, console: Console, settings: Settings
) -> None:
    settings.LOG_FORMAT = "text"
    listen(logger, console)
    structured(logger).info(CARD[:8], exception=CARD[8:])
    assert CARD[8:] not in console.getvalue()


def test_person_who_watches_the_demo_reads_text(
    logger: logging.Logger, console: Console, settings: Settings
) -> None:
    settings.DEMO = console.is_watched = True
    listen(logger, console)
    with acting_as(system("test")):
        logger.warning("no answer from %s", "the bank")
    assert console.getvalue() == "WARNING house.lines: no answer from the bank\n"


@pytest.mark.parametrize(
    ("demo", "watched", "wanted", "is_json"),
    [
        (True, False, "", True),
        (False, True, "", True),
        (True, True, "", False),
        (True, True, "json", True),
        (False, False, "text", False),
    ],
)
def test_who_reads_decides_how_a_line_looks(
    logger: logging.Logger,
    console: Console,
    settings: Settings,
    demo: bool,
    watched: bool,
    wanted: str,
    is_json: bool,
) -> None:
    settings.DEMO, console.is_watched, settings.LOG_FORMAT = demo, watched, wanted
    listen(logger, console)
    logger.info("here")
    assert console.getvalue().startswith("{") is is_json


def quote_the_row() -> None:
    raise ValueError(
        "duplicate key value violates unique constraint\n"
        "DETAIL:  Key (email)=(Jane Doe, jane@shop.test) already exists."
    )


@pytest.mark.parametrize("filtered", [False, True])
def test_mail_address_and_quoted_row_are_removed(
    logger: logging.Logger, console: Console, filtered: bool
) -> None:
    listen(logger, console, filtered=filtered)
    try:
        quote_the_row()
    except ValueError:
        logger.exception("mail to jane.doe+1@shop.example.test failed")
    told = console.getvalue()
    assert "ValueError: duplicate key value" in told
    assert not any(word in told for word in ("Jane", "jane", "shop.", "example.test"))


def test_a_line_says_the_facts_it_may_and_no_other(
    logger: logging.Logger, console: Console
) -> None:
    listen(logger, console)
    logger.info("payments:list", extra={"status": 200, "took_ms": 3, "body": "secret"})
    line = json.loads(console.getvalue())
    assert (line["status"], line["took_ms"]) == (200, 3)
    assert "body" not in line


def test_a_line_outside_of_any_request_bears_the_id_of_its_process(
    logger: logging.Logger, console: Console
) -> None:
    listen(logger, console)
    name_request("")
    logger.info("one")
    logger.info("two")
    ids = [json.loads(line)["request_id"] for line in console.getvalue().splitlines()]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 32


class Heard(logging.Handler):
    """Formats each line at once, while the request is still the one it belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(formatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler = Heard()
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/accounts/login/", "/nowhere/jane@shop.test/"])
def test_every_line_of_a_request_bears_the_id_of_its_answer(
    client: Client, heard: Heard, address: str
) -> None:
    answer = client.get(address)
    assert {line["request_id"] for line in heard.lines} == {answer["Request-Id"]}
    last = heard.lines[-1]
    assert (last["logger"], last["status"]) == ("audit.health.middleware", answer.status_code)
    assert "jane" not in str(heard.lines)


@pytest.mark.django_db
def test_a_worker_s_lines_bear_the_request_that_asked(heard: Heard) -> None:
    with acting_as(system("test", "b" * 32)):
        new_payment()
    heard.lines.clear()
    # Nobody listens there: the handler fails, and says so.
    deliver_due()
    assert [line["request_id"] for line in heard.lines if line["logger"] != "audit.command"] == [
        "b" * 32
    ]


def test_a_task_goes_on_in_the_request_of_whoever_rang() -> None:
    name_request("c" * 32)
    headers: dict[str, Any] = {}
    celery._carry_request(headers=headers)
    name_request("")
    celery._name_request(task=SimpleNamespace(request=SimpleNamespace(**headers)))
    assert current_request_id() == "c" * 32
    assert system("outbox").request_id == "c" * 32
    celery._forget_request()
    assert current_request_id() is None


def test_what_the_clock_rings_has_an_id_of_its_own() -> None:
    name_request("")
    ids = []
    for _ in range(2):
        headers: dict[str, Any] = {}
        celery._carry_request(headers=headers)
        ids.append(headers[celery.REQUEST])
    assert len(set(ids)) == 2

"""What every test stands on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import translation
from hypothesis import settings as hypothesis
from whitenoise.base import WhiteNoise

from audit import guard
from audit.actor import Actor, acting_as, system
from payments.gateways import breaker

# How long an example takes says how busy the machine is.
hypothesis.register_profile("comptoir", deadline=None)
hypothesis.load_profile("comptoir")

# What was imported and collected stays to the end: to look through it again and again is a tenth
# of the suite's time.
gc.set_threshold(100_000, 20, 100)


BROWSER = Path(__file__).parent / "browser"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Nobody looks for tests in a browser elsewhere."""
    if item.get_closest_marker("browser") and BROWSER not in item.path.parents:
        raise pytest.UsageError(f"{item.nodeid} belongs into tests/browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts processes takes longest and comes first: no worker waits for another at the end."""
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _emptying_a_test_database_is_allowed() -> Iterator[None]:
    """Only here: `flush` in production meets the guard as anybody does."""
    operations: Any = type(connections["default"].ops)
    original = operations.execute_sql_flush

    def emptied(self: Any, sql_list: Any) -> None:
        with guard.suspended():
            original(self, sql_list)

    operations.execute_sql_flush = emptied
    yield
    operations.execute_sql_flush = original


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_at_once() -> Iterator[None]:
    """Each test client builds its own middleware, and WhiteNoise would look at every file again."""
    original = WhiteNoise.update_files_dictionary
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def remembered(self: Any, root: str, prefix: str) -> None:
        if (root, prefix) not in found:
            own, self.files = self.files, {}
            original(self, root, prefix)
            found[root, prefix], self.files = self.files, own
        self.files.update(found[root, prefix])

    WhiteNoise.update_files_dictionary = remembered
    yield
    WhiteNoise.update_files_dictionary = original


@pytest.fixture(autouse=True)
def nothing_was_blocked(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """No test writes past the kernel. A test of the guard itself empties the list."""
    guard.blocked.clear()
    guard.forget_announcements()
    yield guard.blocked
    blocked = list(guard.blocked)
    guard.blocked.clear()
    assert blocked == [], "writes that did not go through a Work or an announced signal"


@pytest.fixture(autouse=True)
def _begins_in_english() -> Iterator[None]:
    """A request in French leaves its language behind in this thread."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _no_provider_is_left_in_peace() -> None:
    """What one test's provider did not answer is none of the next one's business."""
    breaker.forget()


@pytest.fixture
def somebody() -> Iterator[Actor]:
    """A system actor for the whole test."""
    with acting_as(system("test", "request-of-the-test")) as actor:
        yield actor

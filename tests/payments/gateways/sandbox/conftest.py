from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox") / "store.sqlite3") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: Sandbox) -> Sandbox:
    """A provider that other tests use too: look only at objects of your own."""
    return shared_sandbox


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A provider of the test's own: for totals, the clock, and faults that are armed."""
    with running_sandbox(tmp_path / "store.sqlite3") as sandbox:
        yield sandbox

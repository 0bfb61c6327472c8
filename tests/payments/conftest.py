"""A provider of their own for the tests of a module that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that the module's tests share, with what each of them leaves in it."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox") / "store.sqlite3") as sandbox:
        yield sandbox

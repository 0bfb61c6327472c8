"""The provider of these tests, whose totals are those of the books after each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from payments.ledger.chart import AccountCode
from payments.proofs import payments_off
from tests.payments.gateways.sandbox.running import Sandbox
from tests.payments.late.scene import books_of, owed_by


@pytest.fixture
def provider(running: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    settings.SANDBOX_URL = running.url
    settings.PROVIDER_TIMEOUT_S = 2.0
    before = owed_by(running)
    yield running
    running.client.delete("/control/faults")
    assert list(payments_off()) == []
    assert books_of(AccountCode.PROVIDER_CLEARING) == owed_by(running) - before

"""The provider of these tests, whose totals are those of the books after each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group
from pytest_django import Settings

from audit.actor import Actor, acting_as, operator
from audit.approvals.models import ApprovalLimit
from payments.ledger.chart import AccountCode
from payments.models import RefundReason
from payments.proofs import payments_off
from tests.audit.people import as_actor, hire
from tests.payments.gateways.sandbox.running import Sandbox
from tests.payments.late.scene import REASON, books_of, owed_by


@pytest.fixture
def provider(running: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    settings.SANDBOX_URL = running.url
    settings.PROVIDER_TIMEOUT_S = 2.0
    before = owed_by(running)
    yield running
    running.client.delete("/control/faults")
    assert list(payments_off()) == []
    assert books_of(AccountCode.PROVIDER_CLEARING) == owed_by(running) - before


@pytest.fixture
def lead() -> Actor:
    """May decide about 500.00 EUR alone."""
    RefundReason.objects.create(code=REASON, act="correction", label="The shop wants it so")
    return _decider("Lea Lund", "support_lead", 50_000)


@pytest.fixture
def agent() -> Actor:
    """Of finance; may decide about 50.00 EUR alone."""
    return _decider("Anna Bell", "finance_controller", 5_000)


def _decider(name: str, role: str, most: int) -> Actor:
    person = hire(name, role)
    with acting_as(operator("test")):
        group = Group.objects.get(name=role)
        ApprovalLimit.objects.create(role=group, kind="correction", currency="EUR", max_minor=most)
    return as_actor(person)

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from payments.gateways.floods import Flood
from payments.gateways.sandbox.gateway import SandboxGateway
from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox

SECRET = "whsec_bG9jYWwtc2FuZGJveC13ZWJob29rLXNlY3JldA=="
NEXT_SECRET = "whsec_dGhlLW5leHQtc2VjcmV0LW9mLXRoZS13ZWJob29rcw=="
TIMEOUT_S = 10.0
SHORT_S = 0.2


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A provider process for the tests of one file."""
    with running_sandbox(tmp_path_factory.mktemp("provider") / "store.sqlite3") as sandbox:
        yield sandbox


@pytest.fixture
def gateway(provider: Sandbox) -> Iterator[SandboxGateway]:
    """No fault outlives its test."""
    yield SandboxGateway(provider.url, TIMEOUT_S, [SECRET, NEXT_SECRET])
    provider.client.delete("/control/faults")


@pytest.fixture
def impatient(provider: Sandbox) -> SandboxGateway:
    """For a provider that stays silent: a gateway that gives up soon."""
    return SandboxGateway(provider.url, SHORT_S, [])


Arm = Callable[..., None]


@pytest.fixture
def arm(provider: Sandbox) -> Arm:
    """Let the next call of an operation go wrong."""

    def arm_fault(operation: str, fault: str, seconds: float | None = None) -> None:
        body: dict[str, object] = {"operation": operation, "fault": fault}
        if seconds is not None:
            body["seconds"] = seconds
        provider.control("faults", body)

    return arm_fault


@pytest.fixture
def two_secrets(settings: Settings) -> None:
    settings.SANDBOX_WEBHOOK_SECRETS = [SECRET, NEXT_SECRET]


@pytest.fixture(autouse=True)
def _no_flood_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test refused is no flood in the next."""
    monkeypatch.setattr("payments.gateways.views.webhook.refused", Flood())

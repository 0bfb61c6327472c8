"""What is counted and measured, for whoever watches the machines: no names, amounts or ids.

Each process keeps its counts in a file of its own in `METRICS_DIR`, and whoever is asked adds up
the files of all of them: web, workers, beat. What has to be looked up (how long something waits)
is a `Measure`, offered by the app that knows and read only when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram

registry = CollectorRegistry()

REQUESTS = Counter(
    "comptoir_requests",
    "Requests by route, method and status.",
    ["route", "method", "status"],
    registry=registry,
)
REQUEST_SECONDS = Histogram(
    "comptoir_request_seconds",
    "How long a request took.",
    ["route"],
    buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=registry,
)
COMMANDS = Counter(
    "comptoir_commands",
    "Commands by event and how they ended: done, denied, failed, busy, unknown.",
    ["event", "outcome"],
    registry=registry,
)
CONFLICTS = Counter(
    "comptoir_command_conflicts",
    "Attempts of a command that the database wanted done again.",
    ["event"],
    registry=registry,
)
MESSAGES = Counter(
    "comptoir_outbox_runs",
    "Messages of the outbox that were run: done, again.",
    ["task", "outcome"],
    registry=registry,
)
CALLS = Counter(
    "comptoir_provider_calls",
    "Calls of a payment provider: answered, rejected, unavailable, unknown, failed.",
    ["connector", "operation", "outcome"],
    registry=registry,
)
WEBHOOKS = Counter(
    "comptoir_webhook_tries",
    "Tries to tell a merchant's system of an event, by how they ended.",
    ["outcome"],
    registry=registry,
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that is read from the database when somebody asks; one for each value of `label`."""

    meaning: str
    read: Callable[[], Mapping[str, float]]
    label: str = ""


measures: dict[str, Measure] = {}
"""Every measure by its name."""


def measure(
    name: str, meaning: str, read: Callable[[], Mapping[str, float]], label: str = ""
) -> None:
    """Have `/metrics` show a figure; without a `label` the one value stands under ""."""
    measures[name] = Measure(meaning, read, label)


lag_of_outbox: list[Callable[[], float]] = []
"""The outbox registers here how long the oldest message has been due, in seconds."""

"""The API as a merchant's system meets it: through gunicorn, and the same endpoint by others."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import place
from bench.rows import Row
from bench.server import Server
from bench.sides import all_of, compete, ratio
from tests.payments.gateways.sandbox.running import running_sandbox

OURS, STOCK, WAITS = "ours", "stock", "waits"
MODULE = "bench.callers"


@lru_cache(maxsize=1)
def _environments(address: str) -> dict[str, dict[str, str]]:
    """Of both sides, with the key and the payments that are called for."""
    more = {
        # Neither waits for a provider: what is compared is the work of the house.
        OURS: {
            "BENCH_APP": "config.wsgi",
            "BENCH_CONFIG": "deploy/gunicorn.py",
            "API_WAIT_S": "0",
            "SERVES": "api",
        },
        STOCK: {
            "BENCH_APP": "bench.stock.wsgi",
            "BENCH_CONFIG": "bench/stock/serving.py",
            "STOCK_ISOLATION": "read committed",
        },
    }
    limits = {"API_RATE_PER_S": "1000000", "API_BURST": "1000000"}
    found = {}
    for name, environment, module in (
        (OURS, place.ours(address), "bench.make"),
        (STOCK, place.stock(address), "bench.stock.capture"),
    ):
        made = subprocess.run(
            [sys.executable, "-m", module, "shop"],
            check=True,
            cwd=place.ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        told = json.loads(made.stdout.splitlines()[-1])
        found[name] = {
            **environment,
            **more[name],
            **limits,
            "BENCH_SECRET": told["secret"],
            "BENCH_PAYMENTS": ",".join(told["payments"]),
            "BENCH_CARD": told.get("card", ""),
        }
    return found


def http_capture(server: Server) -> Iterator[Row]:
    """POST a capture, eight callers at once, two synchronous processes on each side."""
    there = _environments(server.address)
    with all_of([(name, there[name], MODULE) for name in (OURS, STOCK)]) as sides:
        found = compete(sides, server.rounds, server.seconds)
        p99 = {one.name: one.ask("p99") for one in sides}
    yield Row("http_capture", ratio(found, OURS, STOCK), "times stock auditlog", "≥ 2.0")
    for name in (OURS, STOCK):
        yield Row(f"http_capture.{name}", statistics.median(found[name]), "a second")
        yield Row(f"http_capture.{name}_p99", p99[name], "ms, 8 connections")


def replay_cost(server: Server) -> Iterator[Row]:
    """A repeat of a known key against a first call, by how long one caller waits for each.

    As it is shipped, a first call takes a payment and waits for what the provider says: the
    sandbox, which answers at once. Beside it what the house alone does for a capture, and how many
    of these a second eight callers get, who take their own share of the machine.
    """
    shop = _environments(server.address)[OURS]
    taken, captured, busy = [], [], []
    with TemporaryDirectory() as folder, running_sandbox(Path(folder) / "store.sqlite3") as sandbox:
        waits = {**shop, "API_WAIT_S": "5", "SANDBOX_URL": sandbox.url}
        with all_of([(WAITS, waits, MODULE), (OURS, shop, MODULE)]) as (waiting, alone):
            for _ in range(server.rounds):
                taken.append(waiting.ask("take_ms") / waiting.ask("take_again_ms"))
                captured.append(alone.ask("first_ms") / alone.ask("again_ms"))
                again, first = alone.ask(f"again {server.seconds}"), alone.ask(str(server.seconds))
                busy.append(again / first)
    yield Row("replay_cost", statistics.median(taken), "times cheaper", "≥ 5")
    yield Row("replay_cost.unsent", statistics.median(captured), "times cheaper, no provider asked")
    yield Row("replay_cost.unsent_8", statistics.median(busy), "times cheaper, 8 connections")

"""The API as a merchant's system meets it: through gunicorn, and the same endpoint by others."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache

from bench import place
from bench.rows import Row
from bench.server import Server
from bench.sides import all_of, compete, ratio, side

OURS, STOCK = "ours", "stock"
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
    """A repeat of a known key against a first call: how long one caller waits for each, and how
    many a second eight get, who take their own share of the machine."""
    with side(OURS, _environments(server.address)[OURS], module=MODULE) as one:
        alone, busy = [], []
        for _ in range(server.rounds):
            alone.append(one.ask("first_ms") / one.ask("again_ms"))
            busy.append(one.ask(f"again {server.seconds}") / one.ask(str(server.seconds)))
    yield Row("replay_cost", statistics.median(alone), "times cheaper", "≥ 5")
    yield Row("replay_cost.eight", statistics.median(busy), "times cheaper, 8 connections")

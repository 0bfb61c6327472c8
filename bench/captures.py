"""One capture, against the same work by others."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from bench import place
from bench.rows import Row
from bench.server import Server
from bench.sides import Rates, all_of, compete, ratio, side
from tests.engine.proxy import proxy_process

OURS, PLAIN, UNAUDITED = "ours", "plain", "unaudited"
RAW, STOCK = "raw", "stock"
DELAY_S = 0.002
COUNTED = 50


def started(
    server: Server, *names: str, address: str = ""
) -> list[tuple[str, dict[str, str], str]]:
    """How each side is started."""
    there = address or server.address
    environments = {
        RAW: ({"RAW_URL": f"postgresql://{there}/{place.OURS}"}, "bench.raw"),
        STOCK: (place.stock(there), "bench.stock.capture"),
        PLAIN: ({**place.ours(there), "DATABASE_PIPELINE": "false"}, "bench.ours"),
    }
    return [(name, *environments.get(name, (place.ours(there), "bench.ours"))) for name in names]


def rates(server: Server, *names: str, address: str = "") -> Rates:
    with all_of(started(server, *names, address=address)) as sides:
        return compete(sides, server.rounds, server.seconds)


def capture_vs_raw(server: Server) -> Iterator[Row]:
    """Also `pipelined`: the same against the same."""
    found = rates(server, OURS, PLAIN, RAW)
    yield Row("capture_vs_raw", ratio(found, OURS, RAW), "of raw psycopg", "≥ 0.25")
    yield Row("capture_vs_raw.unpipelined", ratio(found, PLAIN, RAW), "of raw psycopg")


def capture_vs_auditlog(server: Server) -> Iterator[Row]:
    found = rates(server, OURS, STOCK)
    yield Row("capture_vs_auditlog", ratio(found, OURS, STOCK), "times stock auditlog", "≥ 2.0")


def capture_2ms(server: Server) -> Iterator[Row]:
    """Through a proxy that adds 2 ms to each round trip."""
    host = server.address.rpartition("@")
    with proxy_process(server.address, delay_s=DELAY_S) as proxy:
        found = rates(server, OURS, RAW, STOCK, address=f"{host[0]}@{proxy.address}")
    yield Row("capture_2ms", ratio(found, OURS, STOCK), "times stock auditlog", "≥ 5")
    yield Row("capture_2ms.raw", ratio(found, OURS, RAW), "of raw psycopg")


def audit_cost(server: Server) -> Iterator[Row]:
    found = rates(server, OURS, UNAUDITED)
    yield Row("audit_cost", 1 - ratio(found, OURS, UNAUDITED), "of the throughput", "≤ 0.20")


def _round_trips(server: Server, name: str) -> float:
    user = server.address.rpartition("@")[0]
    with proxy_process(server.address) as proxy:
        ((_, environment, module),) = started(server, name, address=f"{user}@{proxy.address}")
        with side(name, environment, module=module) as one:
            proxy.reset()
            one.ask(f"times {COUNTED}")
            return proxy.reset().round_trips / COUNTED


def round_trips_capture(server: Server) -> Iterator[Row]:
    yield Row("round_trips_capture", _round_trips(server, PLAIN), "unpipelined", "≤ 10")
    yield Row("round_trips_capture.raw", _round_trips(server, RAW), "raw psycopg")
    yield Row("round_trips_capture.stock", _round_trips(server, STOCK), "stock auditlog")


def pipelined(server: Server) -> Iterator[Row]:
    found = rates(server, OURS, RAW)
    yield Row("pipelined", ratio(found, OURS, RAW), "of raw psycopg", "≥ 0.40")
    yield Row("pipelined.round_trips", _round_trips(server, OURS), "round trips", "≤ 3")
    with side("injuries", place.ours(server.address), module="bench.injuries") as one:
        wrong = one.ask(f"wrong {server.errors}")
        yield Row("pipelined.wrong", wrong, f"of {server.errors} injected errors", "= 0")


def guarded_32(server: Server) -> Iterator[Row]:
    """In turn: all 32 by the command, all 32 by the statement."""
    environment = {
        **place.ours(server.address),
        "RAW_URL": f"postgresql://{server.address}/{place.OURS}",
    }
    with side("guarded", environment, module="bench.guarded") as one:
        ratios = []
        for number in range(server.rounds):
            order = (OURS, RAW) if number % 2 else (RAW, OURS)
            rate = {name: one.ask(f"{name} {server.seconds}") for name in order}
            ratios.append(rate[OURS] / rate[RAW])
        yield Row("guarded_32", statistics.median(ratios), "of the best statement", "≥ 0.35")
        yield Row("guarded_32.overspent", one.ask("overspent"), "minor units", "= 0")
        yield Row("guarded_32.errors", one.ask("errors"), "shown", "= 0")

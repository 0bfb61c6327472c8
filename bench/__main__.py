"""`python -m bench [NAME…]`: measure, print the table, write var/bench.json."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial

from bench import captures, http, many, place, rows, server

ERRORS = 500

Measure = Callable[[server.Server], Iterator[rows.Row]]

ALL: dict[str, Measure] = {
    "capture_vs_raw": captures.capture_vs_raw,
    "capture_vs_auditlog": captures.capture_vs_auditlog,
    "capture_2ms": captures.capture_2ms,
    "audit_cost": captures.audit_cost,
    "round_trips_capture": captures.round_trips_capture,
    "pipelined": captures.pipelined,
    "guarded_32": captures.guarded_32,
    "http_capture": http.http_capture,
    "replay_cost": http.replay_cost,
    **{
        name: partial(many.measure, name)
        for name in (
            "list_first_1m",
            "list_deep_1m",
            "home_1m",
            "timeline_1m",
            "search_1m",
            "pages",
        )
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ALL))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each side in each round")
    parser.add_argument("--tiny", action="store_true", help="to see that it runs")
    parser.add_argument("--out", default=str(place.ROOT / "var" / "bench.json"))
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(ALL):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    found: list[rows.Row] = []
    size = (2, 0.05, 26, 100) if asked.tiny else (asked.rounds, asked.seconds, ERRORS)
    with server.started(*size) as there:
        for name in asked.names or ALL:
            sys.stderr.write(f"{name}…\n")
            found += ALL[name](there)
    rows.write_json(found, place.Path(asked.out))
    sys.stdout.writelines(f"{line}\n" for line in rows.lines(found))
    return 0 if all(row.holds for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())

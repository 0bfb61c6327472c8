"""Starts what `bench.pages` measures: the two databases, and the process that looks at them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache

from bench import pages, place, server
from bench.rows import Row

SEEDED = "bench_seeded"
"""Both are copies of it, so that the same things have the same ids in both."""
SMALL, LARGE = 100, 10_000
"""Copies of a hundred payments."""


@lru_cache(maxsize=1)
def _measured(there: server.Server) -> tuple[Row, ...]:
    seeded = place.ours(there.address, name=SEEDED)
    server.execute(there, "postgres", f"CREATE DATABASE {SEEDED}")
    server.run(seeded, "manage.py", "migrate", "--run-syncdb", "--verbosity", "0")
    server.run(seeded, "manage.py", "createcachetable", "--verbosity", "0")
    server.run(seeded, "-m", "bench.million", "seed")
    for name, wanted in ((pages.SMALL, SMALL), (pages.LARGE, LARGE)):
        copies = max(8, wanted // there.shrink)
        server.execute(there, "postgres", f"CREATE DATABASE {name} TEMPLATE {SEEDED}")
        server.run(place.ours(there.address, name=name), "-m", "bench.million", str(copies))
    looked = subprocess.run(
        [sys.executable, "-m", "bench.pages"],
        check=True,
        cwd=place.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **place.ours(there.address), "BENCH_ROUNDS": str(there.rounds + 6)},
    )
    return tuple(pages.rows_of(looked.stdout))


def measure(name: str, there: server.Server) -> Iterator[Row]:
    """The rows of this name, and its parts."""
    for row in _measured(there):
        if row.name.partition(".")[0] == name:
            yield row

"""The server, and the databases on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from bench import place
from tests.plugins.postgres import running_server


@dataclass(frozen=True)
class Server:
    """Where it is (`user@host:port`), and how long is measured on it."""

    address: str
    rounds: int
    seconds: float
    errors: int
    shrink: int = 1
    """How many times fewer payments: to see that it runs."""


@contextmanager
def started(rounds: int, seconds: float, errors: int, shrink: int = 1) -> Iterator[Server]:
    """A server that keeps its data as one in production does, with the databases made."""
    with running_server("--durable") as environment:
        address = environment["DATABASE_URL"].removeprefix("cockroachdb://").partition("/")[0]
        server = Server(address, rounds, seconds, errors, shrink)
        for name in (place.OURS, place.STOCK):
            execute(server, "postgres", f"CREATE DATABASE {name}")
        run(place.ours(address), "manage.py", "migrate", "--run-syncdb", "--verbosity", "0")
        run(place.ours(address), "-m", "bench.make")
        run(place.stock(address), "-m", "bench.stock.capture", "make")
        yield server


def run(environment: dict[str, str], *arguments: str) -> None:
    """A Python program of ours with that environment."""
    subprocess.run(
        [sys.executable, *arguments], check=True, cwd=place.ROOT, env={**os.environ, **environment}
    )


def execute(server: Server, database: str, sql: str) -> None:
    with psycopg.connect(f"postgresql://{server.address}/{database}", autocommit=True) as db:
        db.execute(sql.encode())

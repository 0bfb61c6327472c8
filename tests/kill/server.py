"""A PostgreSQL of the test's own, that can be stopped and started and keeps what it committed.

It is run by a process of its own, which ends it when the test is gone, however it went.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command

from tests.engine import guardian
from tests.engine.proxy import elsewhere
from tests.kill.house import ROOT

# This one is stopped in the middle of things, so its promises must hold.
LASTING = {**guardian.SETTINGS, **guardian.DURABLE}


class OwnServer:
    """Its address stays the same from one start to the next."""

    def __init__(self, keeper: subprocess.Popen[str]) -> None:
        self._keeper = keeper
        self.address = self._read()

    def start(self) -> None:
        self._order("start")

    def stop(self) -> None:
        """At once, as when the machine fails: nobody is waited for."""
        self._order("stop")

    def _order(self, word: str) -> None:
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{word}\n")
        self._keeper.stdin.flush()
        assert self._read() == word

    def _read(self) -> str:
        assert self._keeper.stdout is not None
        return self._keeper.stdout.readline().strip()


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A started server with an empty database `comptoir`."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.kill.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    with keeper:
        yield OwnServer(keeper)


@contextmanager
def at_home_in(server: OwnServer) -> Iterator[None]:
    """Django's connection leads to the server's database, which is made ready."""
    # Here: the process that keeps the server is none of Django's.
    from django.contrib.contenttypes.models import ContentType

    with elsewhere(server.address, NAME="comptoir"):
        ContentType.objects.clear_cache()
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        try:
            yield
        finally:
            ContentType.objects.clear_cache()


# The process that keeps it ------------------------------------------------------------------------


def keep(parent: int) -> None:
    """Do what is ordered until nobody orders any more."""
    with tempfile.TemporaryDirectory(prefix="comptoir-postgres-") as name:
        folder = Path(name)
        account = guardian._unprivileged_account(folder)
        programs = guardian._programs(folder, copy=bool(account))
        data = folder / "data"
        guardian._initialise(programs, data, account)
        server, port = guardian._start(programs, data, account, 0, LASTING)
        try:
            guardian._install_shim(port)
            _say(f"127.0.0.1:{port}")
            for order in _orders(parent):
                if order == "stop":
                    guardian._stop(server)
                else:
                    server, port = guardian._start(programs, data, account, port, LASTING)
                _say(order)
        finally:
            guardian._stop(server)


def _orders(parent: int) -> Iterator[str]:
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], 1.0)
        if not readable:
            continue
        line = sys.stdin.readline()
        if not line:
            return
        yield line.strip()


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    parent = os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    keep(parent)


if __name__ == "__main__":
    main()

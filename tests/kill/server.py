"""A PostgreSQL of the test's own, that can be stopped and started and keeps what it committed."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command

from tests.engine import guardian
from tests.engine.proxy import elsewhere

# This one is stopped in the middle of things, so its promises must hold.
LASTING = {**guardian.SETTINGS, "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class OwnServer:
    """Its address stays the same from one start to the next."""

    def __init__(self, programs: Path, data: Path, account: dict[str, Any]) -> None:
        self._where = (programs, data, account)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process, self.port = guardian._start(*self._where, self.port, LASTING)

    def stop(self) -> None:
        """At once, as when the machine fails: nobody is waited for."""
        if self._process is not None:
            guardian._stop(self._process)
            self._process = None


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A started server with an empty database `comptoir`."""
    with tempfile.TemporaryDirectory(prefix="comptoir-postgres-") as name:
        folder = Path(name)
        account = guardian._unprivileged_account(folder)
        programs = guardian._programs(folder, copy=bool(account))
        guardian._initialise(programs, folder / "data", account)
        server = OwnServer(programs, folder / "data", account)
        try:
            server.start()
            guardian._install_shim(server.port)
            yield server
        finally:
            server.stop()


@contextmanager
def at_home_in(server: OwnServer) -> Iterator[None]:
    """Django's connection leads to the server's database, which is made ready."""
    with elsewhere(server.address, NAME="comptoir"):
        ContentType.objects.clear_cache()
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        try:
            yield
        finally:
            ContentType.objects.clear_cache()

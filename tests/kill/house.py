"""The whole house as the Procfile starts it, in processes that may be killed at any moment."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.db import connection
from honcho.environ import parse_procfile

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180.0
# The kernel ends it with us, even when nobody is left to clean up; kept over the exec.
TIED = """
import os, sys
from deploy.lifetime import end_with
end_with(int(sys.argv[1]), 9)
os.execv("/bin/sh", ["/bin/sh", "-c", sys.argv[2]])
"""
NAMES = ("sandbox", "web", "worker", "beat")


def wait_until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """What the condition answers as soon as that is true."""
    end = time.monotonic() + patience_s
    while not (result := condition()):
        assert time.monotonic() < end, f"{what}: not within {patience_s} s"
        time.sleep(0.05)
    return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def database_url() -> str:
    """The test's own database, for another process."""
    at = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{at['NAME']}"
    return f"cockroachdb://{at['USER']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


@dataclass
class House:
    """Processes by name. Start and kill them from the thread that made the house: the kernel ends
    a process with the thread that started it."""

    folder: Path
    environment: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    starts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['PORT']}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.environment['SANDBOX_PORT']}"

    def start(self, *names: str) -> None:
        """Start what is not running, as whoever supervises would."""
        commands = parse_procfile((ROOT / "Procfile").read_text()).processes
        for name in names or NAMES:
            if name in self.running and self.running[name].poll() is None:
                continue
            # A second one of a kind ("beat2") is told where not to be in the way of the first.
            kind = name.rstrip("2")
            command = commands[kind]
            if name == "beat2":
                command += f" --schedule {self.folder / name}"
            self.starts += 1
            log = self.folder / f"{self.starts:03}-{name}.log"
            with log.open("wb") as output:
                self.running[name] = subprocess.Popen(
                    [sys.executable, "-c", TIED, str(os.getpid()), command],
                    cwd=ROOT,
                    env=self.environment,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )

    def kill(self, name: str) -> None:
        """SIGKILL for it and everything it started."""
        process = self.running.pop(name, None)
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def end_all_but(self, *names: str) -> None:
        for name in list(self.running):
            if name not in names:
                self.kill(name)

    def answers(self, address: str = "/livez") -> bool:
        try:
            return bool(httpx.get(self.url + address, timeout=5).status_code == httpx.codes.OK)
        except httpx.HTTPError:
            return False

    def provider_answers(self) -> bool:
        try:
            return httpx.get(f"{self.sandbox_url}/healthz", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def wait(self) -> None:
        wait_until(self.answers, "the web")
        wait_until(self.provider_answers, "the provider")

    def lines(self, *names: str) -> Iterator[tuple[str, str]]:
        """(name, line) of all logs; a line that a kill cut off is left out."""
        for path in sorted(self.folder.glob("*.log")):
            name = path.stem.partition("-")[2]
            if name.rstrip("2") not in names:
                continue
            *whole, _cut = path.read_text().split("\n")
            yield from ((name, line) for line in whole if line.strip())

    def said(self, *names: str) -> list[dict[str, Any]]:
        """The lines, read: each must be JSON."""
        return [json.loads(line) for _name, line in self.lines(*names)]


def make_environment(folder: Path, **more: str) -> dict[str, str]:
    """As `make run` has it, upon the test's database and keys."""
    # There already, so that nothing is collected.
    (folder / "static").mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "DATABASE_URL": database_url(),
        "DATABASE_ENGINE": os.environ.get("DATABASE_ENGINE", ""),
        "VAR_DIR": str(folder),
        "DEMO": "false",
        "PORT": str(free_port()),
        "SANDBOX_PORT": str(free_port()),
        "SANDBOX_WEBHOOK_SECRET": settings.SANDBOX_WEBHOOK_SECRETS[0],
        "SANDBOX_WEBHOOK_SECRETS": settings.SANDBOX_WEBHOOK_SECRETS[0],
        "SECRET_KEY": settings.SECRET_KEY,
        "COMPTOIR_KEYRING": settings.COMPTOIR_KEYRING,
        "PROVIDER_TIMEOUT_S": "3",
        "LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@contextmanager
def standing_house(folder: Path, *names: str, **more: str) -> Iterator[House]:
    """A house with these processes (all of them without names), gone afterwards."""
    house = House(folder, make_environment(folder, **more))
    try:
        house.start(*names)
        yield house
    finally:
        house.end()

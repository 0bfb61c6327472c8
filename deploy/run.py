"""`make run`: the whole house on one machine, and nothing left of it afterwards.

Makes the database ready while the sandbox provider runs, then hands the Procfile to honcho.
"""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from honcho import environ as procfile
from honcho.manager import Manager
from honcho.process import Popen, Process

from deploy.lifetime import end_with

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0


class StartError(Exception):
    """What stops the start, in one line."""


def read_port(name: str, default: int) -> int:
    """The port an environment variable asks for. Raises StartError when it is not one."""
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StartError(f"{name}={text} is not a port")
    return int(text)


def refuse_taken(name: str, port: int) -> None:
    """Raises StartError when nobody could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as error:
            raise StartError(
                f"port {port} cannot be used ({error.strerror}); "
                f"choose another: {name}={port + 1} make run"
            ) from None


def make_environment() -> dict[str, str]:
    """The environment of every process: the settings' own answers, where nobody set them."""
    from django.conf import settings

    port = read_port("PORT", 8000)
    sandbox_port = read_port("SANDBOX_PORT", 8400)
    if port == sandbox_port:
        raise StartError(f"PORT and SANDBOX_PORT are both {port}")
    refuse_taken("PORT", port)
    refuse_taken("SANDBOX_PORT", sandbox_port)
    return {
        **os.environ,
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "SANDBOX_WEBHOOK_SECRET": settings.SANDBOX_WEBHOOK_SECRETS[0],
        "VAR_DIR": str(settings.VAR_DIR),
        # The processes write into pipes; whether a person reads them is known here.
        "LOG_FORMAT": settings.LOG_FORMAT or ("text" if sys.stderr.isatty() else "json"),
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def sandbox_provider(environment: dict[str, str]) -> Iterator[None]:
    """The provider alone, for the loading of the demo; its events are for later."""
    command = [sys.executable, "-m", "payments.gateways.sandbox.provider", "--exit-with-parent"]
    command += ["--port", environment["SANDBOX_PORT"]]
    command += ["--store", str(Path(environment["VAR_DIR"]) / "sandbox.sqlite3")]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as provider:
        try:
            if provider.stdout is None or not provider.stdout.readline():
                raise StartError("the sandbox provider did not start")
            yield
        finally:
            provider.terminate()
            provider.wait(STOP_TIMEOUT_S)


def prepare(environment: dict[str, str]) -> str:
    """Make the database ready; answers the demo accounts, one a line."""
    command = [sys.executable, "-m", "deploy.prepare"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=partial(end_with, os.getpid()),  # noqa: PLW1509 - no thread runs yet
    ) as process:
        told, _ = process.communicate()
    if process.returncode:
        raise StartError("the database could not be made ready; the reason is above")
    return told


class TiedPopen(Popen):  # type: ignore[misc]
    """A process of the Procfile that ends with the one that reads its output."""

    def __init__(self, command: str, **options: Any) -> None:
        super().__init__(command, preexec_fn=partial(end_with, os.getpid()), **options)


class TiedProcess(Process):  # type: ignore[misc]
    """Reads the output of a process of the Procfile."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._manager = os.getpid()

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        # It ignores SIGTERM, as honcho wants it.
        end_with(self._manager, signal.SIGKILL)
        self._child_ctor = TiedPopen
        super().run(events, ignore_signals)


class House(Manager):  # type: ignore[misc]
    """honcho's manager that leaves nothing behind, and says where to go when there is an answer."""

    def __init__(
        self, commands: Mapping[str, str], environment: dict[str, str], welcome: str
    ) -> None:
        super().__init__()
        self._process_ctor = TiedProcess
        self._port = int(environment["PORT"])
        self._welcome = welcome
        for name, command in commands.items():
            self.add_process(name, command, env=environment, cwd=str(ROOT))

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._greet, daemon=True).start()

    def _greet(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and not self._terminating:
            try:
                socket.create_connection((HOST, self._port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                sys.stdout.write(self._welcome)
                sys.stdout.flush()
                return

    def _all_started(self) -> bool:
        # A reader that was killed cannot tell that it began, nor that it is gone.
        for one in self._processes.values():
            if (one["process"].exitcode or 0) < 0 and "returncode" not in one:
                one.setdefault("pid", 0)
                one["returncode"] = self.returncode = 1
        return bool(super()._all_started())


def welcome_text(port: str, accounts: str) -> str:
    """What a person needs to begin."""
    lines = ["", f"Comptoir is at http://localhost:{port}"]
    if accounts.strip():
        lines += ["", accounts.strip("\n")]
    return "\n".join([*lines, "", "Ctrl-C ends it.", "", ""])


def run(house: House) -> int:
    """Until a signal, or until one of the processes ends; answers the exit code."""
    # honcho hands its processes over by forking.
    multiprocessing.set_start_method("fork", force=True)
    try:
        house.loop()
    except (BrokenPipeError, KeyError):
        # Nobody reads us any more, or a signal came before honcho knew whom to end. Leaving as
        # usual would wait for what runs; leaving at once has the kernel end it.
        os._exit(1)
    return int(house.returncode or 0)


def main() -> int:
    end_with(int(os.environ.get("STARTED_BY") or os.getppid()))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    try:
        environment = make_environment()
        with sandbox_provider(environment):
            accounts = prepare(environment)
    except StartError as error:
        sys.stderr.write(f"run: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    commands = procfile.parse_procfile((ROOT / "Procfile").read_text()).processes
    return run(House(commands, environment, welcome_text(environment["PORT"], accounts)))


if __name__ == "__main__":
    sys.exit(main())

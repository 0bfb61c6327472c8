"""The server of the tests ends with the tests, however they end."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.plugins.postgres import ROOT

pytestmark = pytest.mark.processes

DEADLINE_S = 30.0
RUN = [sys.executable, "-m", "tests.plugins.postgres", "--", sys.executable, "-c"]
TELL_AND_WAIT = "import os, sys; print(os.environ['DATABASE_URL'], flush=True); sys.stdin.read()"


@pytest.fixture
def command() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*RUN, TELL_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PATH": ""},
    ) as process:
        yield process


def address_told_by(command: subprocess.Popen[str]) -> str:
    assert command.stdout is not None
    return command.stdout.readline().strip().replace("cockroachdb://", "postgresql://")


def data_folder(address: str) -> Path:
    with psycopg.connect(address) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(row[0]).parent


def waited_until_gone(folder: Path) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not folder.exists()


def test_killed_run_leaves_neither_server_nor_data(command: subprocess.Popen[str]) -> None:
    address = address_told_by(command)
    folder = data_folder(address)
    command.kill()
    command.wait()
    assert waited_until_gone(folder)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address, connect_timeout=5)


def test_command_runs_with_the_address_and_its_exit_code_is_told() -> None:
    script = "import os; assert os.environ['DATABASE_ENGINE']; raise SystemExit(7)"
    assert subprocess.run([*RUN, script], cwd=ROOT, env={}, check=False).returncode == 7

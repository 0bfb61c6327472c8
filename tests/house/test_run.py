"""The whole house on one machine: how it starts, how it refuses to, and what is left of it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.install import ROOT

pytestmark = pytest.mark.processes

DEADLINE_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    # There already, so that nothing is collected.
    (tmp_path / "static").mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "ENV_FILE": os.devnull,
        "VAR_DIR": str(tmp_path),
        "DEMO": "false",
        "PORT": str(free_port()),
        "SANDBOX_PORT": str(free_port()),
    }


def refused(environment: dict[str, str]) -> str:
    """What a start says that must not come to be: one line."""
    told = subprocess.run(
        [sys.executable, "-m", "deploy.run"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert told.returncode == 1
    assert told.stdout == ""
    assert told.stderr.count("\n") == 1
    return told.stderr


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_port_in_use_is_one_clear_line(environment: dict[str, str], name: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(environment[name])))
        other.listen()
        told = refused(environment)
    assert f"port {environment[name]} cannot be used" in told
    assert f"{name}={int(environment[name]) + 1} make run" in told


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_port_that_is_none_is_one_clear_line(environment: dict[str, str], port: str) -> None:
    assert refused(environment | {"PORT": port}) == f"run: PORT={port} is not a port\n"


def test_same_port_for_both_is_one_clear_line(environment: dict[str, str]) -> None:
    port = environment["PORT"]
    assert "are both" in refused(environment | {"SANDBOX_PORT": port})


def processes_with(mark: str) -> dict[int, str]:
    """Process id → command of all that carry this text in their environment."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(folder.name)] = command
        except OSError:
            continue
    # A zombie of a process that is not reaped yet has no command.
    return {pid: command for pid, command in found.items() if command}


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Run:
    """A launcher, started as make does it: in the place of its shell."""

    def __init__(self, environment: dict[str, str], log: Path, command: str) -> None:
        self.mark = f"VAR_DIR={environment['VAR_DIR']}"
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {sys.executable} {command}"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def everything(self) -> dict[int, str]:
        return processes_with(self.mark)

    def named(self, text: str) -> list[int]:
        return sorted(pid for pid, command in self.everything().items() if text in command)

    def has(self, *parts: str) -> bool:
        return all(self.named(part) for part in parts)

    def is_gone(self) -> bool:
        return self.process.poll() is not None and not self.everything()

    def end(self) -> None:
        for pid in self.everything():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def house(environment: dict[str, str], tmp_path: Path) -> Iterator[Run]:
    run = Run(environment, tmp_path / "log", "-m deploy.run")
    try:
        wait_for(lambda: b"Ctrl-C" in run.log.read_bytes(), "no answer")
        wait_for(lambda: run.has("gunicorn", "worker", "beat", "sandbox.provider"), "incomplete")
        yield run
    finally:
        run.end()


SMALL_HOUSE = """
import os, sys
from deploy.run import House, run
commands = {name: f"exec tail -f /dev/{name}" for name in ("null", "zero")}
sys.exit(run(House(commands, dict(os.environ), "")))
"""


@pytest.fixture
def small_house(environment: dict[str, str], tmp_path: Path) -> Iterator[Run]:
    run = Run(environment, tmp_path / "log", f"-c '{SMALL_HOUSE}'")
    try:
        wait_for(lambda: run.has("tail -f /dev/null", "tail -f /dev/zero"), "incomplete")
        yield run
    finally:
        run.end()


def press_ctrl_c(house: Run) -> None:
    os.killpg(house.process.pid, signal.SIGINT)


def kill_the_launcher(house: Run) -> None:
    house.process.kill()


def kill_the_web(house: Run) -> None:
    os.kill(house.named("gunicorn")[0], signal.SIGKILL)


@pytest.mark.parametrize("end", [press_ctrl_c, kill_the_launcher, kill_the_web])
def test_house_answers_and_leaves_no_process_behind(
    house: Run, environment: dict[str, str], end: Callable[[Run], None]
) -> None:
    address = f"http://127.0.0.1:{environment['PORT']}/accounts/login/"
    with urllib.request.urlopen(address) as answer:
        assert answer.status == 200
    end(house)
    wait_for(house.is_gone, "something is left")


def kill_all_of_the_launcher(house: Run) -> None:
    for pid in house.named("deploy.run"):
        os.kill(pid, signal.SIGKILL)


def kill_a_reader(house: Run) -> None:
    readers = [pid for pid in house.named("deploy.run") if pid != house.process.pid]
    os.kill(readers[0], signal.SIGKILL)


def kill_a_process(house: Run) -> None:
    os.kill(house.named("tail -f /dev/null")[0], signal.SIGKILL)


@pytest.mark.parametrize(
    "end",
    [press_ctrl_c, kill_the_launcher, kill_all_of_the_launcher, kill_a_reader, kill_a_process],
)
def test_nothing_outlives_a_part_of_the_launcher(
    small_house: Run, end: Callable[[Run], None]
) -> None:
    end(small_house)
    wait_for(small_house.is_gone, "something is left")


def test_nothing_is_left_when_nobody_reads_any_more(environment: dict[str, str]) -> None:
    mark = f"VAR_DIR={environment['VAR_DIR']}"
    script = SMALL_HOUSE.replace("exec tail -f /dev/", "while sleep 0.1; do echo ")
    script = script.replace('{name}"', '{name}; done"')
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as house:
        assert house.stdout is not None
        assert house.stdout.readline()
        wait_for(lambda: len(processes_with(mark)) >= 5, "incomplete")
        house.stdout.close()
        try:
            wait_for(lambda: not processes_with(mark), "something is left")
        finally:
            for pid in processes_with(mark):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("moment", ["at once", "later"])
def test_launcher_ends_with_make(environment: dict[str, str], tmp_path: Path, moment: str) -> None:
    mark = f"VAR_DIR={environment['VAR_DIR']}"
    # Two commands, so that the shell stays and is what make is to the launcher.
    script = f"STARTED_BY=$$ {sys.executable} -m deploy.run; exit"
    with (tmp_path / "log").open("wb") as log:
        make = subprocess.Popen(
            ["/bin/sh", "-c", script], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    started = "sandbox.provider" if moment == "later" else "deploy.run"
    wait_for(lambda: any(started in one for one in processes_with(mark).values()), "no start")
    make.kill()
    make.wait()
    try:
        wait_for(lambda: not processes_with(mark), "something is left")
    finally:
        for pid in processes_with(mark):
            os.kill(pid, signal.SIGKILL)

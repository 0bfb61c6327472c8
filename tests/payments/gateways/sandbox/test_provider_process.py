import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.payments.gateways.sandbox.running import (
    COMMAND,
    ROOT,
    Sandbox,
    running_sandbox,
    wait_until,
)


def run_to_its_end(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], cwd=ROOT, capture_output=True, text=True, timeout=10, check=False
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_at_once_even_during_calls(own_sandbox: Sandbox, number: int) -> None:
    with pytest.raises(httpx.TimeoutException):
        own_sandbox.post("/v1/authorizations", fault="hang; seconds=60", timeout=0.1)
    started = time.monotonic()
    own_sandbox.process.send_signal(number)
    assert own_sandbox.process.wait(5) == 0
    assert time.monotonic() - started < 1


def test_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_to_its_end("--port", str(port), "--store", str(tmp_path / "s.sqlite3"))
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--webhook-url", "ftp://somewhere/", "--webhook-secret", "whsec_AAAA"], "http"),
        (["--webhook-url", "http://127.0.0.1:9/"], "webhook-secret"),
        (["--webhook-url", "http://127.0.0.1:9/", "--webhook-secret", "whsec_"], "base64"),
        (["--webhook-url", "http://127.0.0.1:nine/", "--webhook-secret", "whsec_AAAA"], "nine"),
        (["--port", "99999"], "99999"),
    ],
)
def test_wrong_option_is_one_clear_line(tmp_path: Path, options: list[str], words: str) -> None:
    ended = run_to_its_end("--port", "0", "--store", str(tmp_path / "s.sqlite3"), *options)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert words in line


def test_store_that_is_not_one_is_one_clear_line(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    store.write_text("this is not a database" * 100)
    ended = run_to_its_end("--port", "0", "--store", str(store))
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert str(store) in line


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    command = [*COMMAND, "--port", "0", "--store", str(tmp_path / "s.sqlite3")]
    script = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen({[*command, '--exit-with-parent']!r}, stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    wait_until(lambda: not is_running(child), 5)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_it_starts_quickly_and_says_nothing_about_calls(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    started = time.monotonic()
    with running_sandbox(tmp_path / "store.sqlite3") as sandbox:
        assert time.monotonic() - started < 2
        sandbox.authorize()
    with errors.open("w") as file:
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", "--store", str(tmp_path / "other.sqlite3")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        assert httpx.get(f"{url}/v1/totals").status_code == 200
        assert httpx.post(f"{url}/v1/authorizations").status_code == 400
        process.terminate()
        process.communicate(timeout=5)
    assert errors.read_text() == ""


def test_it_imports_nothing_of_the_product() -> None:
    script = (
        "import sys, payments.gateways.sandbox.provider.__main__\n"
        "allowed = 'payments.gateways.sandbox'\n"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] in "
        "('django', 'payments', 'audit', 'config', 'disputes', 'httpx', 'celery') "
        "and not allowed.startswith(name) and not name.startswith(allowed)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == ""


def test_call_takes_a_few_milliseconds(own_sandbox: Sandbox) -> None:
    def seconds() -> float:
        started = time.perf_counter()
        own_sandbox.authorize(capture="automatic")
        return time.perf_counter() - started

    # The median, and a wide margin: the machine may be busy with other tests.
    assert statistics.median(seconds() for _ in range(100)) < 0.02

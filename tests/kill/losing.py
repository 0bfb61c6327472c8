"""A network between us and the provider that loses calls: the question, or the answer to it.

In a process of its own: `with losing_process(url, probability=0.1, seed=7) as network`, or by hand
`python -m tests.kill.losing URL --probability 0.1`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.kill.house import ROOT

PASSED_ON = ("Content-Type", "Idempotency-Key", "Sandbox-Fault", "Sandbox-Occurred-At")


class Losses:
    """Which POST is lost, and how, follows from `seed` and the number of the call."""

    def __init__(self, probability: float, seed: str) -> None:
        self.probability, self.seed = probability, seed
        self.calls = 0
        self.counts = {"question": 0, "answer": 0}
        self._lock = threading.Lock()

    def next(self) -> str:
        """What is lost of the next call: its `question`, its `answer`, or nothing."""
        with self._lock:
            self.calls += 1
            chance = random.Random(f"{self.seed}/{self.calls}")
            if chance.random() >= self.probability:
                return ""
            lost = chance.choice(sorted(self.counts))
            self.counts[lost] += 1
            return lost


def make_server(url: str, losses: Losses) -> ThreadingHTTPServer:
    """A server on a free port that passes calls on to `url`."""
    at = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._pass_on(b"", "")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._pass_on(body, losses.next())

        def _pass_on(self, body: bytes, lost: str) -> None:
            if lost == "question":
                self._cut()
                return
            there = http.client.HTTPConnection(str(at.hostname), at.port, timeout=30)
            headers = {
                name: value for name, value in self.headers.items() if name.title() in PASSED_ON
            }
            try:
                there.request(self.command, self.path, body=body or None, headers=headers)
                answer = there.getresponse()
                content = answer.read()
            except OSError:
                self._cut()
                return
            finally:
                there.close()
            if lost == "answer":
                self._cut()
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _cut(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


class LosingProcess:
    """The network, as the test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = str(self._ask()["url"])

    def lost(self) -> dict[str, int]:
        """How many questions and answers were lost so far."""
        counts: dict[str, int] = self._ask()["counts"]
        return counts

    def _ask(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def losing_process(url: str, *, probability: float, seed: str) -> Iterator[LosingProcess]:
    """The network in a process of its own, which ends when its standard input is closed."""
    command = [sys.executable, "-m", "tests.kill.losing", url]
    command += ["--probability", str(probability), "--seed", seed]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with process:
        try:
            yield LosingProcess(process)
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.kill.losing")
    parser.add_argument("url")
    parser.add_argument("--probability", type=float, default=0, help="of a loss, for each POST")
    parser.add_argument("--seed", default="0")
    asked = parser.parse_args()
    losses = Losses(asked.probability, asked.seed)
    server = make_server(asked.url, losses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told = {"url": f"http://127.0.0.1:{server.server_port}"}
    for _line in sys.stdin:
        sys.stdout.write(f"{json.dumps({**told, 'counts': losses.counts})}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Eight callers of the API at once, and the gunicorn they call: one side of `bench.http`.

Each caller opens a connection for each call, as synchronous processes close theirs, and reads the
answer to its end. Orders: `warm`, a number of seconds (answers a second of first calls), `again S`
(of repeats), `p99` (milliseconds, of all first calls so far); and medians of one caller alone:
`first_ms`, `again_ms` of a capture, `take_ms`, `take_again_ms` of taking a payment.
"""

from __future__ import annotations

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.place import ROOT
from tests.kill.house import free_port

CALLERS = 8
ALONE = 60
SECRET = os.environ.get("BENCH_SECRET", "")
PAYMENTS = os.environ.get("BENCH_PAYMENTS", "").split(",")
CAPTURED = b'{"amount": 1}'
TAKEN = json.dumps(
    {"amount": 1000, "currency": "EUR", "card": os.environ.get("BENCH_CARD")}
).encode()


@contextmanager
def gunicorn(port: int) -> Iterator[None]:
    """Two synchronous processes, as in the Procfile."""
    program = [sys.executable, "-m", "gunicorn", "--config", os.environ["BENCH_CONFIG"]]
    process = subprocess.Popen(
        [*program, os.environ["BENCH_APP"]],
        cwd=ROOT,
        # What it says is no answer to an order.
        stdout=sys.stderr,
        env={**os.environ, "PORT": str(port), "WEB_CONCURRENCY": "2"},
    )
    try:
        _wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("gunicorn does not listen")


class Callers:
    """What they call, and how long they waited."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.waited: list[float] = []
        self.known = [uuid.uuid4().hex for _ in range(CALLERS)]
        self.taken = uuid.uuid4().hex
        for number, key in enumerate(self.known):
            self.capture(PAYMENTS[number], key)

    def capture(self, payment: str, key: str) -> float:
        """POST a capture; how long it took."""
        return self.post(f"payments/{payment}/capture", key, CAPTURED)

    def take(self, key: str) -> float:
        """POST a payment; how long it took."""
        return self.post("payments", key, TAKEN)

    def post(self, path: str, key: str, body: bytes) -> float:
        """One call; how long it took."""
        head = (
            f"POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {SECRET}\r\nIdempotency-Key: {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        started = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self.port), 60) as there:
            there.sendall(head.encode() + body)
            said = bytearray()
            while piece := there.recv(65536):
                said += piece
        if not said.startswith((b"HTTP/1.1 201", b"HTTP/1.1 202")):
            raise RuntimeError(said[:600].decode(errors="replace"))
        return time.perf_counter() - started

    def first(self, _number: int) -> None:
        self.waited.append(self.capture(random.choice(PAYMENTS), uuid.uuid4().hex))

    def again(self, number: int) -> None:
        self.capture(PAYMENTS[number], self.known[number])

    def rate(self, once: Callable[[int], None], seconds: float) -> float:
        """How many a second all callers together are answered."""
        counts = [0] * CALLERS
        faults: list[BaseException] = []
        started = time.perf_counter()

        def work(number: int) -> None:
            try:
                while time.perf_counter() - started < seconds:
                    once(number)
                    counts[number] += 1
            except BaseException as fault:  # noqa: BLE001
                faults.append(fault)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(CALLERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]
        return sum(counts) / (time.perf_counter() - started)

    def median_ms(self, once: Callable[[], float]) -> float:
        return statistics.median(once() for _ in range(ALONE)) * 1000

    def obey(self, order: str) -> float:
        what, _blank, number = order.partition(" ")
        if what == "warm":
            self.rate(self.first, 1.0)
            self.rate(self.again, 0.5)
            self.waited.clear()
            return 0.0
        if what == "p99":
            return statistics.quantiles(self.waited, n=100)[98] * 1000
        if what == "again":
            return self.rate(self.again, float(number))
        alone: dict[str, Callable[[], float]] = {
            "first_ms": lambda: self.capture(random.choice(PAYMENTS), uuid.uuid4().hex),
            "again_ms": lambda: self.capture(PAYMENTS[0], self.known[0]),
            "take_ms": lambda: self.take(uuid.uuid4().hex),
            "take_again_ms": lambda: self.take(self.taken),
        }
        if what in alone:
            return self.median_ms(alone[what])
        return self.rate(self.first, float(what))


def main() -> None:
    port = free_port()
    with gunicorn(port):
        callers = Callers(port)
        for line in sys.stdin:
            sys.stdout.write(f"{callers.obey(line.strip())}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

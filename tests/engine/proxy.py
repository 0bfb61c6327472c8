"""A network between us and PostgreSQL: slow when it is told to, and gone at a COMMIT.

In a test: `with Proxy("127.0.0.1:5432") as proxy`, which runs in threads of this process. Where
the threads would disturb what is measured: `with proxy_process(address, delay_s=0.002) as proxy`,
or by hand `python -m tests.engine.proxy HOST:PORT --delay 0.002`.
"""

from __future__ import annotations

import argparse
import json
import queue
import random
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from django.db import connection, connections

from tests.engine.wire import Client, Message, Splitter

When = Literal["before", "after"]
"""The connection is cut before the server saw the COMMIT, or after it has executed it."""

ROOT = Path(__file__).resolve().parent.parent.parent
CHUNK = 65536
# What makes the server answer: a simple query, a Sync, a Flush, a password, an opening.
ASKING = {b"Q", b"S", b"H", b"p", b""}
SYNCING = {b"Q", b"S"}


@dataclass(slots=True)
class Counts:
    """What went by since the start or the last `reset`."""

    connections: int = 0
    round_trips: int = 0
    """How often somebody waited: a question that was answered, however many messages it had."""
    syncs: int = 0
    """Sync messages and simple queries."""
    commits: int = 0
    cut_before: int = 0
    cut_after: int = 0


class Proxy:
    """Passes connections on to `address`; every attribute may be changed while it runs.

    Which COMMIT is cut by `probability` follows from `seed`, the connection's number and the
    COMMIT's number in it, so that the same doing is cut at the same places.
    """

    def __init__(
        self, address: str, *, delay_s: float = 0, probability: float = 0, seed: int = 0
    ) -> None:
        self.target = _host_and_port(address)
        self.delay_s = delay_s
        self.probability = probability
        self.seed = seed
        self.counts = Counts()
        self.is_open = True
        self.lock = threading.Lock()
        self._wanted: deque[When] = deque()
        self._links: set[Link] = set()
        self._accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut_next(self, *when: When) -> None:
        """Cut the next COMMITs, whoever sends them, in this manner."""
        with self.lock:
            self._wanted.extend(when)

    def cut_all(self) -> None:
        """Every connection there is, now, in the middle of whatever it does."""
        with self.lock:
            links = list(self._links)
        for link in links:
            link.cut()

    def reset(self) -> Counts:
        """The counts so far; they begin anew."""
        with self.lock:
            counts, self.counts = self.counts, Counts()
        return counts

    def close(self) -> None:
        self.is_open = False
        # Closing alone leaves the thread in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def decide(self, link: Link) -> When | None:
        """What happens at this COMMIT of the link."""
        with self.lock:
            self.counts.commits += 1
            when: When | None = self._wanted.popleft() if self._wanted else None
            if when is None and self.probability:
                chance = random.Random(f"{self.seed}/{link.number}/{link.commits}")
                if chance.random() < self.probability:
                    when = chance.choice(get_args(When))
            if when == "before":
                self.counts.cut_before += 1
        return when

    def forget(self, link: Link) -> None:
        with self.lock:
            self._links.discard(link)

    def _accept(self) -> None:
        while self.is_open:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            self._accepted += 1
            link = Link(self, client, server, self._accepted)
            with self.lock:
                self.counts.connections += 1
                self._links.add(link)
            link.start()


class Link:
    """One connection: a thread for each side, and one for the delay where there is any."""

    def __init__(
        self, proxy: Proxy, client: socket.socket, server: socket.socket, number: int
    ) -> None:
        self.proxy, self.client, self.server, self.number = proxy, client, server, number
        self.commits = 0
        self._syncs = 0
        self._answered = -1  # The server is ready once before anybody asked.
        self._is_waited_for = False
        self._cut_at: int | None = None
        self._late: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start(self) -> None:
        for side in (self._from_client, self._from_server, self._to_client):
            threading.Thread(target=self._run, args=(side,), daemon=True).start()

    def cut(self) -> None:
        """Both ends, at once."""
        self._late.put((0, b""))
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.proxy.forget(self)

    def _run(self, side: Callable[[], bool]) -> None:
        is_over = True
        with suppress(OSError):
            is_over = side()
        if is_over:
            self.cut()

    def _from_client(self) -> bool:
        splitter, said = Splitter(opening=True), Client()
        while data := self.client.recv(CHUNK):
            out = bytearray()
            for message in splitter.feed(data):
                if message.is_asking_for_encryption():
                    self.client.sendall(b"N")
                    continue
                if said.is_commit(message) and self._is_cut_before_commit():
                    self.server.sendall(out)
                    return True
                self._count_question(message)
                out += message.raw
            self.server.sendall(out)
        return True

    def _is_cut_before_commit(self) -> bool:
        self.commits += 1
        when = self.proxy.decide(self)
        if when == "after" and self._cut_at is None:
            # Set before the COMMIT is passed on: nothing of its answer can slip through.
            self._cut_at = self._syncs + 1
        return when == "before"

    def _count_question(self, message: Message) -> None:
        self._syncs += message.kind in SYNCING
        self._is_waited_for = self._is_waited_for or message.kind in ASKING
        if message.kind in SYNCING:
            with self.proxy.lock:
                self.proxy.counts.syncs += 1

    def _from_server(self) -> bool:
        splitter = Splitter()
        while data := self.server.recv(CHUNK):
            for message in splitter.feed(data):
                self._answered += message.kind == b"Z"
            if self._cut_at is None:
                self._count_answer()
                self._late.put((time.monotonic() + self.proxy.delay_s, data))
            elif self._answered >= self._cut_at:
                with self.proxy.lock:
                    self.proxy.counts.cut_after += 1
                return True
        # What the server said last is still to be passed on.
        self._late.put((0, b""))
        return False

    def _count_answer(self) -> None:
        if self._is_waited_for:
            self._is_waited_for = False
            with self.proxy.lock:
                self.proxy.counts.round_trips += 1

    def _to_client(self) -> bool:
        while True:
            due, data = self._late.get()
            if not data:
                return True
            if (wait_s := due - time.monotonic()) > 0:
                time.sleep(wait_s)
            self.client.sendall(data)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition("@")[2].rpartition(":")
    return host, int(port)


def through(proxy: Proxy | ProxyProcess) -> AbstractContextManager[None]:
    """Django's connection, and those of children forked meanwhile, go through the proxy."""
    return elsewhere(proxy.address)


@contextmanager
def elsewhere(address: str, **more: str) -> Iterator[None]:
    """Django's connection, also of other threads and of children, leads to another address."""
    settings = connection.settings_dict
    before = dict(settings)
    connections.close_all()
    host, port = _host_and_port(address)
    settings.update(HOST=host, PORT=str(port), **more)
    try:
        yield
    finally:
        connections.close_all()
        settings.update(before)


def server_address() -> str:
    """Where the server of Django's connection is."""
    return f"{connection.settings_dict['HOST']}:{connection.settings_dict['PORT']}"


class ProxyProcess:
    """A proxy in a process of its own: it takes nothing from the one that is measured."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.address: str = self._ask({})["address"]

    def reset(self) -> Counts:
        """The counts so far; they begin anew."""
        return Counts(**self._ask({"reset": True})["counts"])

    def set(self, *, delay_s: float | None = None, probability: float | None = None) -> None:
        """From now on."""
        self._ask({"delay_s": delay_s, "probability": probability})

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def proxy_process(
    address: str, *, delay_s: float = 0, probability: float = 0, seed: int = 0
) -> Iterator[ProxyProcess]:
    """A proxy in a process of its own, which ends when its standard input is closed."""
    command = [sys.executable, "-m", "tests.engine.proxy", address, "--delay", str(delay_s)]
    command += ["--probability", str(probability), "--seed", str(seed)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with process:
        try:
            yield ProxyProcess(process)
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.engine.proxy")
    parser.add_argument("address")
    parser.add_argument("--delay", type=float, default=0, help="seconds for each round trip")
    parser.add_argument("--probability", type=float, default=0, help="of a cut at a COMMIT")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    proxy = Proxy(
        asked.address, delay_s=asked.delay, probability=asked.probability, seed=asked.seed
    )
    for line in sys.stdin:
        order = json.loads(line)
        for name in ("delay_s", "probability"):
            if order.get(name) is not None:
                setattr(proxy, name, order[name])
        counts = proxy.reset() if order.get("reset") else proxy.counts
        sys.stdout.write(f"{json.dumps({'address': proxy.address, 'counts': asdict(counts)})}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

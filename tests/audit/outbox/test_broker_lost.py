"""A worker that loses its broker while rings are in its hands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis

from tests.kill.broker import Broker, running_broker
from tests.kill.house import ROOT, make_environment, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

WORKER = """-m celery --app tests.audit.outbox.held_bell --quiet worker --pool threads --concurrency 1
    --without-gossip --without-mingle --without-heartbeat --loglevel WARNING"""


@contextmanager
def working(folder: Path, broker: Broker) -> Iterator[subprocess.Popen[bytes]]:
    environment = make_environment(folder, CELERY_BROKER_URL=broker.url)
    command = [sys.executable, *WORKER.split()]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def ring(broker: Broker, name: str) -> None:
    with Celery(broker=broker.url, set_as_current=False) as bell:
        bell.send_task("test.hold", [name], queue="comptoir", retry=False)


def are_all_taken(broker: Broker) -> bool:
    with Redis.from_url(broker.url) as asked:
        return bool(asked.llen("comptoir") == 0)


def test_a_worker_with_rings_in_its_hands_outlives_its_broker(tmp_path: Path) -> None:
    with running_broker(tmp_path) as broker, working(tmp_path, broker) as worker:
        ring(broker, "first")
        wait_until((tmp_path / "first").exists, "a ring that is answered")
        ring(broker, "second")
        wait_until(lambda: are_all_taken(broker), "a ring that waits in the worker")
        broker.kill()
        # Its main thread sees that at once; the work in hand goes on.
        broker.start()
        (tmp_path / "go on").touch()
        ring(broker, "third")
        wait_until(
            lambda: worker.poll() is not None or (tmp_path / "third").exists(), "the next ring"
        )
        assert worker.poll() is None, "it ended"
        assert (tmp_path / "second").exists(), "what it held is done"

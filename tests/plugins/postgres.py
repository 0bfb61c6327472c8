"""Runs the tests on a real PostgreSQL through the CockroachDB engine.

`python -m pytest -p tests.plugins.postgres` starts the server before pytest-django reads the
settings; a variable set in a conftest would come too late, and the suite would quietly run on
SQLite. For anything else than pytest: `python -m tests.plugins.postgres -- command…`.
"""

import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

ENGINE = "tests.engine.postgres_shim"
DATABASE = {"db", "transactional_db", "live_server"}
ROOT = Path(__file__).resolve().parent.parent.parent
STOP_TIMEOUT_S = 30.0


@contextmanager
def running_server(*options: str) -> Iterator[dict[str, str]]:
    """Starts a server and yields the environment that leads to it; stops it at the end."""
    guardian = subprocess.Popen(
        [sys.executable, "-m", "tests.engine.guardian", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        # A Ctrl-C is for the tests; the server is still needed to tear down.
        start_new_session=True,
    )
    assert guardian.stdin is not None
    assert guardian.stdout is not None
    try:
        address = guardian.stdout.readline().strip()
        if not address:
            raise RuntimeError("PostgreSQL did not start")
        yield {"DATABASE_URL": f"cockroachdb://{address}/comptoir", "DATABASE_ENGINE": ENGINE}
    finally:
        guardian.stdin.close()
        guardian.wait(STOP_TIMEOUT_S)


def is_provided() -> bool:
    """Whether a server was started before: by the command line below, or by xdist's controller."""
    return os.environ.get("DATABASE_ENGINE") == ENGINE and "DATABASE_URL" in os.environ


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    if not is_provided():
        server = ExitStack()
        os.environ.update(server.enter_context(running_server()))
        early_config.add_cleanup(server.close)
    return (yield)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks for no database, and may not touch one, is told by the tests on SQLite."""
    told_there = [item for item in items if not _concerns_the_engine(item)]
    if told_there:
        config.hook.pytest_deselected(items=told_there)
        items[:] = [item for item in items if _concerns_the_engine(item)]


def _concerns_the_engine(item: pytest.Item) -> bool:
    return (
        item.get_closest_marker("django_db") is not None
        or not DATABASE.isdisjoint(getattr(item, "fixturenames", ()))
        or ROOT / "tests" / "engine" in item.path.parents
    )


@pytest.fixture(scope="session", autouse=True)
def the_engine_is_what_it_should_be(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    from django.db import connection, transaction

    def isolation() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            return str(cursor.fetchone()[0])

    with django_db_blocker.unblock():
        assert connection.vendor == "cockroachdb"
        assert isolation() == "serializable"
        with transaction.atomic():
            assert isolation() == "serializable"
        connection.close()


def main(arguments: list[str]) -> int:
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        sys.stderr.write("usage: python -m tests.plugins.postgres -- command…\n")
        return 2
    with running_server() as environment:
        return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Children that do something with the database of the test, and may be killed while they do it."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

from audit.actor import acting_as, system


def fork(do: Callable[[], Any]) -> tuple[int, int]:
    """Start a child that does it as a system actor; (pid, the pipe its answer comes through).

    No connection crosses the fork: SQLite forbids it, and PostgreSQL would mix the answers up.
    """
    connections.close_all()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    code = 1
    try:
        os.close(reader)
        with acting_as(system("child")):
            os.write(writer, json.dumps(do(), default=str).encode())
        code = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc(file=sys.__stderr__)
    finally:
        connections.close_all()
        os._exit(code)


def answer_of(child: tuple[int, int]) -> tuple[int, Any]:
    """The child's end (0, or minus the signal) and what it answered, None if nothing."""
    pid, reader = child
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    _pid, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), json.loads(said) if said else None


def kill_at_commit(number: int, when: str) -> None:
    """In a child: die by SIGKILL at its `number`th COMMIT, `before`, `inside` or `after` it."""
    wrapper: Any = connection
    original = wrapper._commit
    together: Any = getattr(wrapper, "_send_commit", None)
    seen = 0

    def in_pipeline() -> Any:
        """The COMMIT of a pipelined flush; the `_commit` that follows sends nothing."""
        nonlocal seen
        seen += 1
        if seen == number and when != "after":
            if when == "inside":
                together()
                connection.connection.pgconn.pipeline_sync()
                connection.connection.pgconn.flush()
            die()
        return together()

    def commit() -> Any:
        nonlocal seen
        is_sent = getattr(wrapper, "has_committed", False)
        seen += not is_sent
        if seen == number:
            if not is_sent:
                _commit_until(when, original)
            die()
        return original()

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    wrapper._send_commit = in_pipeline
    wrapper._commit = commit


def _commit_until(when: str, commit: Callable[[], Any]) -> None:
    driver = connection.connection
    if when == "inside" and hasattr(driver, "pgconn"):
        # Sent, and nobody waits for the answer. SQLite has no such moment: there it is after.
        driver.pgconn.send_query(b"COMMIT")
    elif when != "before":
        commit()

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
    seen = 0

    def commit() -> Any:
        nonlocal seen
        seen += 1
        if seen != number:
            return original()
        if when == "inside":
            # Sent, and nobody waits for the answer. SQLite has no such moment: there it is after.
            driver = connection.connection
            if hasattr(driver, "pgconn"):
                driver.pgconn.send_query(b"COMMIT")
            else:
                original()
        elif when == "after":
            original()
        return os.kill(os.getpid(), signal.SIGKILL)

    wrapper._commit = commit

"""Asking the name servers, no longer than one may wait.

The system's resolver takes no deadline and cannot be stopped: it runs in a thread of its own, and
who waits for it leaves in time. Only so many such threads may be under way; when all of them hang,
nobody asks for more, which fails at once.
"""

from __future__ import annotations

import queue
import socket
import threading
from typing import Any, TypeAlias

MOST_UNDER_WAY = 16

Found: TypeAlias = list[tuple[Any, ...]]

_free = threading.BoundedSemaphore(MOST_UNDER_WAY)


def resolve(host: str, port: int, timeout_s: float) -> Found:
    """What `socket.getaddrinfo` says of a host, for streams.

    Raises TimeoutError when it says nothing in time, and whatever it raises.
    """
    if not _free.acquire(timeout=timeout_s):
        raise TimeoutError
    answers: queue.SimpleQueue[Found | OSError] = queue.SimpleQueue()
    threading.Thread(target=_ask, args=(host, port, answers), name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _ask(host: str, port: int, answers: queue.SimpleQueue[Found | OSError]) -> None:
    try:
        answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except OSError as error:
        answers.put(error)
    except UnicodeError:
        answers.put(socket.gaierror(socket.EAI_NONAME, "not the name of a host"))
    finally:
        _free.release()

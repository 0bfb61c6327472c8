"""One exchange over HTTP, and what its silence means. What is logged holds neither bodies nor
tokens nor addresses."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from typing import Any

import httpx

from payments.gateways.errors import Unavailable, Unknown

logger = logging.getLogger(__name__)

LARGEST_ANSWER = 1024 * 1024
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)

_pools: dict[tuple[int, bool], httpx.Client] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: httpx.Headers
    content: bytes


def exchange(
    connector: str,
    operation: str,
    method: str,
    url: str,
    timeout_s: float,
    *,
    is_local: bool = False,
    **what: Any,
) -> Answer:
    """Send and receive within `timeout_s` in all.

    `is_local`: the provider is on this machine, and no proxy of the environment's leads there.
    Raises Unavailable where nothing was sent, Unknown where it may have been.
    """
    started = time.monotonic()
    outcome = "no answer"
    try:
        answer = _exchange(_pool(is_local), method, url, timeout_s, **what)
        outcome = str(answer.status)
    except NEVER_SENT as error:
        outcome = type(error).__name__
        raise Unavailable(f"{operation}: {outcome}") from error
    except httpx.HTTPError as error:
        outcome = type(error).__name__
        raise Unknown(f"{operation}: {outcome}") from error
    finally:
        took_ms = (time.monotonic() - started) * 1000
        logger.info("%s %s: %s in %.0f ms", connector, operation, outcome, took_ms)
    return answer


def _pool(is_local: bool) -> httpx.Client:
    """The connections of this process; a forked child must not use its parent's."""
    here = (os.getpid(), is_local)
    if here not in _pools:
        for old in [one for one in _pools if one[0] != here[0]]:
            del _pools[old]
        _pools[here] = httpx.Client(trust_env=not is_local, follow_redirects=False)
    return _pools[here]


def _exchange(pool: httpx.Client, method: str, url: str, timeout_s: float, **what: Any) -> Answer:
    # httpx bounds the wait for each piece; the sum of them is bounded here.
    deadline = time.monotonic() + timeout_s
    content = bytearray()
    with pool.stream(method, url, timeout=httpx.Timeout(timeout_s), **what) as response:
        for piece in response.iter_bytes():
            content += piece
            if len(content) > LARGEST_ANSWER or time.monotonic() > deadline:
                raise httpx.ReadTimeout("the answer does not end")
    return Answer(response.status_code, response.headers, bytes(content))


def retry_after_of(headers: Any) -> float | None:
    """For how long a provider asks to be left in peace, in seconds."""
    text = headers.get("Retry-After") or ""
    return float(text) if text.isascii() and text.isdigit() else None

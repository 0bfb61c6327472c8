"""One call to the provider: a JSON object, or the error that says what the silence means."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from typing import Any

import httpx

from payments.gateways.errors import Rejected, Unavailable, Unknown

logger = logging.getLogger(__name__)

LARGEST_ANSWER = 1024 * 1024
# 4xx answers that do not say that nothing happened with the key.
PERHAPS = {"idempotency_key_in_use", "idempotency_key_reused"}
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)

Body = dict[str, Any]

_pools: dict[int, httpx.Client] = {}


def _pool() -> httpx.Client:
    """The connections of this process; a forked child must not use its parent's."""
    pid = os.getpid()
    if pid not in _pools:
        _pools.clear()
        # The provider is on this machine: no proxy of the environment's leads there.
        _pools[pid] = httpx.Client(trust_env=False, follow_redirects=False)
    return _pools[pid]


class Client:
    """Speaks HTTP with the sandbox. What it logs holds neither bodies nor tokens."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s

    def post(self, operation: str, path: str, key: str, body: Body) -> Body:
        """Raises Unavailable, Unknown, Rejected."""
        return self._call(operation, "POST", path, headers={"Idempotency-Key": key}, json=body)

    def get(self, operation: str, path: str, params: Mapping[str, str] | None = None) -> Body:
        """Raises Unavailable, Unknown, Rejected."""
        return self._call(operation, "GET", path, params=params)

    def _call(self, operation: str, method: str, path: str, **what: Any) -> Body:
        started = time.monotonic()
        outcome = "no answer"
        try:
            response, content = self._exchange(method, path, started + self._timeout_s, **what)
            outcome = str(response.status_code)
        except NEVER_SENT as error:
            outcome = type(error).__name__
            raise Unavailable(f"{operation}: {outcome}") from error
        except httpx.HTTPError as error:
            outcome = type(error).__name__
            raise Unknown(f"{operation}: {outcome}") from error
        finally:
            took_ms = (time.monotonic() - started) * 1000
            logger.info("sandbox %s: %s in %.0f ms", operation, outcome, took_ms)
        return _read(operation, response, content)

    def _exchange(
        self, method: str, path: str, deadline: float, **what: Any
    ) -> tuple[httpx.Response, bytes]:
        # httpx bounds the wait for each piece; the sum of them is bounded here.
        content = bytearray()
        timeout = httpx.Timeout(self._timeout_s)
        url = self._url + path
        with _pool().stream(method, url, timeout=timeout, **what) as response:
            for piece in response.iter_bytes():
                content += piece
                if len(content) > LARGEST_ANSWER or time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer does not end")
        return response, bytes(content)


def _read(operation: str, response: httpx.Response, content: bytes) -> Body:
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable(f"{operation}: too many calls", _retry_after(response))
    if not (status in (200, 201) or 400 <= status < 500):
        raise Unknown(f"{operation}: status {status}")
    body = _parse(operation, content)
    if status in (200, 201):
        return body
    problem = body.get("error")
    said: Body = problem if isinstance(problem, dict) else {}
    code = said.get("code")
    if not isinstance(code, str) or code in PERHAPS or status == httpx.codes.REQUEST_TIMEOUT:
        raise Unknown(f"{operation}: status {status}")
    raise Rejected(code[:80], str(said.get("message", ""))[:200])


def _parse(operation: str, content: bytes) -> Body:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unknown(f"{operation}: the answer is not JSON") from error
    if not isinstance(body, dict):
        raise Unknown(f"{operation}: the answer is not an object")
    return body


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None

"""One call to the provider: a JSON object, or the error that says what the silence means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from payments.gateways.errors import Rejected, Unavailable, Unknown
from payments.gateways.wire import Answer, exchange, retry_after_of

# 4xx answers that do not say that nothing happened with the key.
PERHAPS = {"idempotency_key_in_use", "idempotency_key_reused"}

Body = dict[str, Any]


class Client:
    """Speaks HTTP with the sandbox."""

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
        url = self._url + path
        answer = exchange("sandbox", operation, method, url, self._timeout_s, is_local=True, **what)
        return _read(operation, answer)


def _read(operation: str, answer: Answer) -> Body:
    status = answer.status
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable(f"{operation}: too many calls", retry_after_of(answer.headers))
    if not (status in (200, 201) or 400 <= status < 500):
        raise Unknown(f"{operation}: status {status}")
    body = _parse(operation, answer.content)
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

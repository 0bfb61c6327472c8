"""Refusals as RFC 9457 problems: one shape for whatever goes wrong, with a code that stays."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from audit.errors import Busy, Kind, OutcomeUnknown, RecordUnavailable, Refusal

PREFIX = "/api/"
STATUS = {
    Kind.INVALID: HTTPStatus.BAD_REQUEST,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.MISSING: HTTPStatus.NOT_FOUND,
    Kind.CONFLICT: HTTPStatus.CONFLICT,
}
BY_CODE = {
    "idempotency_key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
}
RETRY_AFTER_S = {"idempotency_key_in_flight": 1}
BUSY_S = 2


def problem(
    request: HttpRequest,
    status: int,
    code: str,
    title: str,
    *,
    retry_after_s: int | None = None,
    **more: Any,
) -> HttpResponse:
    """A problem document. `code` is for machines and stays; `title` is for who reads the log."""
    body = {
        "type": f"urn:comptoir:problem:{code}",
        "title": title,
        "status": int(status),
        "code": code,
        "request_id": getattr(request, "request_id", ""),
        **more,
    }
    response = HttpResponse(
        json.dumps(body), status=int(status), content_type="application/problem+json"
    )
    response["Cache-Control"] = "no-store"
    if retry_after_s is not None:
        response["Retry-After"] = str(retry_after_s)
    return response


def of_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A no, with its reason."""
    status = BY_CODE.get(refusal.code, STATUS[refusal.kind])
    field = refusal.details.get("field")
    more: dict[str, Any] = {"errors": [{"field": field, "code": refusal.code}]} if field else {}
    with translation.override("en"):
        title = str(refusal.message)
    wait_s = RETRY_AFTER_S.get(refusal.code)
    return problem(request, status, refusal.code, title, retry_after_s=wait_s, **more)


def of_trouble(
    request: HttpRequest, error: Busy | OutcomeUnknown | RecordUnavailable
) -> HttpResponse:
    """A moment of trouble: the same request with the same key is safe to send again."""
    if isinstance(error, OutcomeUnknown):
        title = "It may have been done: send the same request with the same key again."
        code = "outcome_unknown"
    elif isinstance(error, Busy):
        title, code = "Too much at once; nothing was changed.", "busy"
    else:
        title, code = "The record cannot be written; nothing was done.", "record_unavailable"
    return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, code, title, retry_after_s=BUSY_S)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke; the request id finds it in the logs."""
    return problem(
        request, HTTPStatus.INTERNAL_SERVER_ERROR, "server_error", "Something broke on our side."
    )

"""The API's own document, with what django-ninja does not say by itself: what every operation
answers when it does not do what was asked, the header that makes a POST safe to repeat, and the
headers of every answer."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI

from payments.api.schemas import Problem

PROBLEMS = {
    "400": "The request is not right; sending it again will not help.",
    "401": "No key, or one that is closed.",
    "403": "The key does not have the scope.",
    "404": "There is no such thing, or it is another merchant's, or of the other mode.",
    "409": "Not possible now; the title says why.",
    "413": "More than 64 KiB.",
    "422": "The idempotency key was used with another request.",
    "429": "Too many calls; Retry-After says how long to wait.",
    "500": "Something broke on our side.",
    "503": "A moment of trouble: the same request with the same key is safe to send again.",
}
OF_KEYS = {"409", "422"}
OF_BODIES = {"413"}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Makes a repeat of this request harmless. Best a fresh UUID for each thing.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
REQUEST_ID = {
    "Request-Id": {
        "description": "Finds this call on our side.",
        "schema": {"type": "string"},
    }
}
RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    }
}
REPLAYED = {
    "Idempotent-Replayed": {
        "description": "`true` on the answer of an earlier request with this key.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}


class DocumentedAPI(NinjaAPI):
    """The API with a document that tells all of it."""

    def get_openapi_schema(self, **given: Any) -> Any:
        document = super().get_openapi_schema(**given)
        shapes = document["components"]["schemas"]
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        shapes |= {**problem.pop("$defs"), "Problem": problem}
        for path in document["paths"].values():
            for method, operation in path.items():
                _tell(method, operation)
        return document


def _tell(method: str, operation: dict[str, Any]) -> None:
    is_keyed = method == "post"
    if is_keyed:
        operation["parameters"] = [*operation.get("parameters", []), KEY]
    # A range of statuses ("4XX") is none that django-ninja can write down.
    responses = {code: one for code, one in operation["responses"].items() if len(str(code)) == 3}
    operation["responses"] = responses
    for answer in responses.values():
        answer["headers"] = {**REQUEST_ID, **(REPLAYED if is_keyed else {})}
    has_body = "requestBody" in operation
    for status, words in PROBLEMS.items():
        if status in OF_KEYS and method == "get":
            continue
        if status in OF_BODIES and not has_body:
            continue
        responses[status] = _problem(status, words)


def _problem(status: str, words: str) -> dict[str, Any]:
    waits = RETRY_AFTER if status in ("409", "429", "503") else {}
    return {
        "description": words,
        "headers": {**REQUEST_ID, **waits},
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }

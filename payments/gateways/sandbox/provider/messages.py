import json
from dataclasses import dataclass, field, replace
from enum import Enum

from .errors import CallError


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    key: str | None
    fault: str | None
    body: bytes


class Delivery(Enum):
    ANSWER = "answer"
    DROP = "drop"  # the connection is cut
    SILENCE = "silence"  # the connection stays open and nothing is said


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.ANSWER
    seconds: float = 0

    def with_body(self, body: bytes) -> "Reply":
        return replace(self, body=body)


def answer(status: int, content: object, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(content).encode(), headers or {})


def refusal(error: CallError) -> Reply:
    content = {"error": {"code": error.code, "message": error.message}}
    return answer(error.status, content, error.headers)

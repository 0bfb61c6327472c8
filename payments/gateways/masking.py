"""A provider's message as people may see it: no card numbers, nothing that names a person."""

from __future__ import annotations

import json
import re
from typing import Any

from audit.card_numbers import scrub

HIDDEN = "•••"
NAMES = re.compile(
    r"name|mail|phone|address|street|city|postal|zip|holder|iban|birth|card|token|secret",
    re.IGNORECASE,
)
EMAIL = re.compile(r"[^\s@\"<>]+@[^\s@\"<>]+")
MOST = 20_000


def show_body(body: str) -> str:
    """The message, indented where it is JSON, what may name a person or a card hidden."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return EMAIL.sub(HIDDEN, scrub(body))[:MOST]
    return scrub(json.dumps(_masked(read), indent=2, ensure_ascii=False))[:MOST]


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {str(key): _masked(one, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, name) for one in value]
    if isinstance(value, str) and value and (NAMES.search(name) or EMAIL.search(value)):
        return HIDDEN
    return value

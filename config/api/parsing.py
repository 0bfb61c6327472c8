"""Reading a body strictly: what two readers could read in two ways is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.parser import Parser

from audit.card_numbers import find_card_number
from audit.errors import Refusal

MOST_BYTES = 64 * 1024
DEEPEST = 16
LARGEST = 2**53
"""Beyond it a number is not the same number for every reader of JSON."""


class StrictParser(Parser):
    """JSON objects only; no duplicate names, NaN, huge numbers, NUL, lone surrogates or card
    numbers anywhere. What it read is kept on the request (`json_body`) for the fingerprint."""

    def parse_body(self, request: HttpRequest) -> Any:
        body = read_object(request)
        request.json_body = body  # type: ignore[attr-defined]
        return body


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request. Raises Refusal (invalid), which says what is wrong with it."""
    charset = (request.content_params or {}).get("charset", "utf-8")
    if request.content_type != "application/json" or charset.lower() not in ("utf-8", "utf8"):
        raise Refusal("content_type", _("Send JSON: Content-Type application/json."))
    try:
        body = json.loads(
            request.body.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_int=_small_int,
        )
    except RecursionError:
        raise _unreadable() from None
    except ValueError:
        raise _unreadable() from None
    if not isinstance(body, dict):
        raise Refusal("body_not_object", _("The body must be a JSON object."))
    for path, text in _texts(body, "", 0):
        _check_text(path, text)
    return body


def _unreadable() -> Refusal:
    return Refusal("json_invalid", _("The body is not valid JSON."))


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _small_int(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST:
        raise ValueError("a number is too large")
    return int(text)


def _texts(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every text in it, names and numbers too: a card number can stand anywhere."""
    if depth > DEEPEST:
        raise Refusal("json_too_deep", _("The body is nested too deeply."))
    if isinstance(value, dict):
        for name, one in value.items():
            yield path, name
            yield from _texts(one, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, path, depth + 1)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path, str(value)


def _check_text(path: str, text: str) -> None:
    field = path[:80] or "body"
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Refusal(
            "text_unreadable", _("This text has characters that cannot be kept."), field=field
        )
    if find_card_number(text):
        raise Refusal(
            "card_number",
            _("A card number must never be sent here: send the provider's token."),
            field=field,
        )

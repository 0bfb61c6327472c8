"""Log lines: structured, with the request id, without a card number."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import structlog
from django.conf import settings

from audit.actor import current_request_id, new_request_id
from audit.card_numbers import scrub as without_cards

Line = MutableMapping[str, Any]

FACTS = ["route", "method", "status", "took_ms", "task"]
"""What a line may say beside its words (`extra=`); anything else is not passed on."""

HIDDEN = "•••"
ADDRESS = re.compile(r"[\w.+%'-]+@[\w-]+(\.[\w-]+)+")
# PostgreSQL quotes the row that it refused.
QUOTED = re.compile(r"(?m)^(DETAIL|CONTEXT|LINE \d+|HINT):.*$")

_ids: dict[int, str] = {}
"""The id under which a process says what belongs to no request."""


def scrub(text: str) -> str:
    """The text without card numbers, mail addresses, and rows that a database quotes."""
    return without_cards(ADDRESS.sub(HIDDEN, QUOTED.sub(rf"\1: {HIDDEN}", text)))


class ScrubFilter(logging.Filter):
    """Takes card numbers out of whatever anybody logs, before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, dict):
            record.msg = _scrubbed(record.msg)
            return True
        record.msg = scrub(record.getMessage())
        record.args = ()
        return True


def formatter() -> logging.Formatter:
    """Lines of JSON for machines; short text where a person watches the demo.

    `LOG_FORMAT` (json or text) decides where it is set.
    """
    render: Callable[[Any, str, Line], Any] = _as_text
    if not _is_for_eyes():
        render = structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ExtraAdder(allow=FACTS),
            _name_request,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _scrub_values,
            lambda logger, name, line: scrub(render(logger, name, line)),
        ],
    )


def _is_for_eyes() -> bool:
    if settings.LOG_FORMAT:
        return bool(settings.LOG_FORMAT == "text")
    return bool(settings.DEMO) and sys.stderr.isatty()


def _name_request(_: Any, __: str, line: Line) -> Line:
    line["request_id"] = current_request_id() or _id_of_process()
    return line


def _id_of_process() -> str:
    pid = os.getpid()
    if pid not in _ids:
        _ids[pid] = new_request_id()
    return _ids[pid]


def _as_text(_: Any, __: str, line: Line) -> str:
    """`WARNING payments.gateways: no answer attempt=2`, and below it what was raised."""
    said = dict(line)
    # Who watches reads one request at a time, and the clock is his own.
    for name in ("timestamp", "request_id"):
        said.pop(name, None)
    level, logger = str(said.pop("level", "")).upper(), said.pop("logger", "")
    below = [str(said.pop(name)) for name in ("exception", "stack_info") if said.get(name)]
    first = f"{level} {logger}: {said.pop('event', '')}"
    rest = [f"{name}={value}" for name, value in said.items() if value is not None]
    return "\n".join([" ".join([first, *rest]), *below])


def _scrub_values(_: Any, __: str, line: Line) -> Line:
    # Value by value first, so that what is left is JSON still.
    return {_scrubbed(name): _scrubbed(value) for name, value in line.items()}


def _scrubbed(value: Any) -> Any:
    match value:
        case str():
            return scrub(value)
        case bool() | None:
            return value
        case int() | float():
            text = str(value)
            clean = scrub(text)
            return value if clean == text else clean
        case Mapping():
            return {_scrubbed(name): _scrubbed(one) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_scrubbed(one) for one in value]
        case _:
            return scrub(str(value))

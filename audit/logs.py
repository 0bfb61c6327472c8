"""Log lines: structured, with the request id, without a card number."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog

from audit.actor import find_actor
from audit.card_numbers import scrub


class ScrubFilter(logging.Filter):
    """Takes card numbers out of whatever anybody logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = scrub(record.getMessage())
        record.args = ()
        return True


def _name_request(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    actor = find_actor()
    if actor is not None:
        line["request_id"] = actor.request_id
    return line


def formatter() -> logging.Formatter:
    """JSON lines on the console."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _name_request,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )

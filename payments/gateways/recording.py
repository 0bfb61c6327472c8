"""Every call to a provider leaves a row: what was asked with which key, how long, how it ended."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from audit import clock
from payments.gateways.commands import record_call
from payments.gateways.errors import (
    GatewayError,
    Mismatch,
    Rejected,
    Unavailable,
    Unknown,
    UnmappedStatus,
)
from payments.gateways.models import ProviderCall
from payments.gateways.protocol import Gateway

Outcome = ProviderCall.Outcome
# By the name of the method; reading a card would put its token on record, and signatures and
# totals are no calls about a payment.
RECORDED = frozenset(
    {
        "authorize",
        "increment",
        "capture",
        "void",
        "void_capture",
        "refund",
        "find_authorization",
        "find_operation",
        "retrieve_authorization",
        "retrieve_capture",
        "retrieve_refund",
    }
)


class Recorder:
    """A gateway that puts its calls on record; what it does not record it passes on.

    The row is written after the call, in a transaction of its own: no provider is ever called
    inside one.
    """

    def __init__(self, gateway: Gateway, connector: str, payment_id: uuid.UUID | None) -> None:
        self._gateway = gateway
        self._connector = connector
        self._payment_id = payment_id

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._gateway, name)
        return partial(self._call, name, method) if name in RECORDED else method

    def _call(self, name: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        started_at, start = clock.now(), time.monotonic()
        outcome, detail = Outcome.ANSWERED, ""
        try:
            answer = method(*args, **kwargs)
            detail = getattr(answer, "raw_status", "nothing")
        except GatewayError as error:
            outcome, detail = _told(error)
            raise
        finally:
            record_call(
                connector=self._connector,
                operation=name,
                key=str(kwargs.get("key") or (args[0] if args else "")),
                payment_id=self._payment_id,
                started_at=started_at,
                duration_ms=round((time.monotonic() - start) * 1000),
                outcome=outcome,
                detail=detail,
            )
        return answer


def _told(error: GatewayError) -> tuple[ProviderCall.Outcome, str]:
    if isinstance(error, Rejected):
        return Outcome.REJECTED, error.code
    if isinstance(error, Unavailable):
        return Outcome.UNAVAILABLE, str(error)
    if isinstance(error, UnmappedStatus):
        return Outcome.UNMAPPED, error.raw_status
    if isinstance(error, Mismatch):
        return Outcome.MISMATCH, error.what
    return Outcome.UNKNOWN, str(error) if isinstance(error, Unknown) else type(error).__name__

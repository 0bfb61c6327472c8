"""The caller's clock. Only the demo and the tests set it; everybody else lives now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_set: ContextVar[datetime | None] = ContextVar("clock", default=None)


def now() -> datetime:
    """The moment at which what is done counts, in UTC."""
    return _set.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Everything inside happens at `moment`, which must know its time zone."""
    if moment.tzinfo is None:
        raise ValueError("a clock without a time zone")
    token = _set.set(moment)
    try:
        yield
    finally:
        _set.reset(token)


def tells_of_the_past() -> bool:
    """Whether somebody (the demo) has set the clock back by more than a minute."""
    moment = _set.get()
    return moment is not None and moment < datetime.now(UTC) - timedelta(minutes=1)

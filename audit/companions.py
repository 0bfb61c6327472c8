"""What a caller wants written together with the next command: in its transaction, or not at all.

The API keeps its idempotency record so: the record is there exactly when the effect is. A command
knows nothing of it, and only the first one inside the `with` takes it along. A *follower* goes with
every Work: it hears what is about to be written, whoever asked for it, and may add to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

from audit.work import Work

Companion: TypeAlias = Callable[[Work, Any], None]
Follower: TypeAlias = Callable[[Work], None]

followers: list[Follower] = []
"""Apps put theirs here in `ready()`. One asks the database nothing: it would cost every command."""


@dataclass(slots=True)
class Company:
    """A companion on offer, and what became of it."""

    companion: Companion
    is_claimed: bool = False
    went_along: bool = False
    """What it added was committed, as far as the command knows: an attempt whose COMMIT nobody
    answered, and which a later one found done, does not count."""


_offered: ContextVar[Company | None] = ContextVar("companion", default=None)


@contextmanager
def accompanied_by(companion: Companion) -> Iterator[Company]:
    """The first command inside calls `companion(work, result)` last, before its flush.

    In every attempt, but not when the command only answered what its key had made before.
    """
    company = Company(companion)
    token = _offered.set(company)
    try:
        yield company
    finally:
        _offered.reset(token)


def claim() -> Company | None:
    """The companion on offer, once."""
    company = _offered.get()
    if company is None or company.is_claimed:
        return None
    company.is_claimed = True
    return company


def follow(work: Work) -> None:
    """Every follower looks at what `work` is about to write, and adds what goes with it."""
    for follower in followers:
        follower(work)

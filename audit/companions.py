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
class _Offer:
    companion: Companion | None


_offered: ContextVar[_Offer | None] = ContextVar("companion", default=None)


@contextmanager
def accompanied_by(companion: Companion) -> Iterator[None]:
    """The first command inside calls `companion(work, result)` after its body, before its flush.

    In every attempt, but not when the command only answered what its key had made before.
    """
    token = _offered.set(_Offer(companion))
    try:
        yield
    finally:
        _offered.reset(token)


def claim() -> Companion | None:
    """The companion on offer, once."""
    offer = _offered.get()
    if offer is None:
        return None
    companion, offer.companion = offer.companion, None
    return companion


def follow(work: Work) -> None:
    """Every follower looks at what `work` is about to write, and adds what goes with it."""
    for follower in followers:
        follower(work)

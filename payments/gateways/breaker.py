"""A provider that does not answer is left in peace for a while.

Each process counts how the calls through an account end. When half of at least
`PROVIDER_BREAKER_LEAST` calls within a minute got no answer, the account is *open*: it is written
on its row until when, and every process reads that row anyway, with the attempt that it is about to
send. So the state is shared and costs no question of its own. When the time is over a single call
of each process goes through (*half open*); its answer closes the breaker, its silence opens it for
twice as long. See docs/decisions/0021.

Beside it, a *bulkhead*: of one account no more than `PROVIDER_CALLS_AT_ONCE` calls are under way in
a process, so that its threads are never all caught by one provider that hangs.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings

from payments.gateways.errors import Mismatch, Unavailable, Unknown, UnmappedStatus
from payments.gateways.models import ConnectorAccount

WINDOW_S = 60.0
SHARE = 0.5
FIRST_S, LONGEST_S = 15, 240


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Held(Unavailable):
    """The call was not made: the provider is left in peace, or has enough calls under way."""


def state_of(account: ConnectorAccount, now: datetime) -> State:
    """As it stands on the account's row."""
    if account.breaker_until is None:
        return State.CLOSED
    return State.OPEN if account.breaker_until > now else State.HALF_OPEN


def until_after(trips: int, now: datetime) -> datetime:
    """How long it stays open when it opens for the `trips`-th time in a row."""
    seconds = min(FIRST_S * 2 ** max(0, trips - 1), LONGEST_S)
    return now + timedelta(seconds=seconds)


def is_silence(error: BaseException) -> bool:
    """Whether a call that ended so was not answered. An answer that is odd is one."""
    if isinstance(error, Mismatch | UnmappedStatus | Held):
        return False
    return isinstance(error, Unavailable | Unknown)


@dataclass
class Gate:
    """What one process knows of one account."""

    ends: deque[tuple[float, bool]] = field(default_factory=deque)
    under_way: int = 0
    is_probing: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, state: State) -> None:
        """Take a place. Raises Held."""
        with self.lock:
            if state is State.OPEN or (state is State.HALF_OPEN and self.is_probing):
                raise Held("left in peace: it did not answer")
            if self.under_way >= settings.PROVIDER_CALLS_AT_ONCE:
                raise Held("enough calls are under way")
            self.under_way += 1
            self.is_probing = state is State.HALF_OPEN

    def leave(self, state: State, *, answered: bool, now_s: float | None = None) -> State | None:
        """Give the place back; the state that this end leads to, None: the same."""
        now_s = time.monotonic() if now_s is None else now_s
        with self.lock:
            self.under_way -= 1
            if state is State.HALF_OPEN:
                self.is_probing = False
                self.ends.clear()
                return State.CLOSED if answered else State.OPEN
            self.ends.append((now_s, answered))
            while self.ends and self.ends[0][0] < now_s - WINDOW_S:
                self.ends.popleft()
            if answered or not self._is_too_silent():
                return None
            self.ends.clear()
            return State.OPEN

    def _is_too_silent(self) -> bool:
        silent = sum(not answered for _at, answered in self.ends)
        enough = len(self.ends) >= settings.PROVIDER_BREAKER_LEAST
        return enough and silent >= SHARE * len(self.ends)


_gates: dict[tuple[int, str], Gate] = {}
_lock = threading.Lock()


def gate_of(name: str) -> Gate:
    """The gate of an account in this process; a forked child begins anew."""
    with _lock:
        return _gates.setdefault((os.getpid(), name), Gate())


def forget() -> None:
    """Every gate as new, for tests."""
    with _lock:
        _gates.clear()

"""How many calls a key may make: a bucket for each key in each process.

No query is spent on it. With N processes a key gets up to N times the rate, which
docs/production.md says.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

MOST_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limiter:
    """`rate_s` calls a second on average, `burst` at once."""

    def __init__(self, rate_s: float, burst: int) -> None:
        self.rate_s, self.burst = rate_s, burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, who: str, now: float | None = None) -> float:
        """0 when the call may pass, which then counts; else how long to wait."""
        moment = time.monotonic() if now is None else now
        with self._lock:
            bucket = self._buckets.setdefault(who, _Bucket(float(self.burst), moment))
            self._buckets.move_to_end(who)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
            bucket.left = min(self.burst, bucket.left + (moment - bucket.at) * self.rate_s)
            bucket.at = moment
            if bucket.left >= 1:
                bucket.left -= 1
                return 0.0
            return (1 - bucket.left) / self.rate_s

"""How many calls a key may make.

Where processes share a cache (Redis), they count together (`SharedLimiter`); else each counts for
itself, and with N of them a key gets up to N times the rate, which docs/production.md says. No
query is spent on it: the database is not asked.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.core.cache import BaseCache, caches

logger = logging.getLogger(__name__)

MOST_BUCKETS = 10_000
SHARED = "limits"
"""The cache that processes share, where the settings have one."""


class Limits(Protocol):
    """Something that counts calls."""

    def wait_s(self, who: str) -> float:
        """0 when the call may pass, which then counts; else how long to wait."""
        ...


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limiter:
    """`rate_s` calls a second on average, `burst` at once, in this process."""

    def __init__(self, rate_s: float, burst: int) -> None:
        self.rate_s, self.burst = rate_s, burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, who: str, now: float | None = None) -> float:
        """See `Limits.wait_s`."""
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


class SharedLimiter:
    """The same for all processes that share a cache: `burst` calls in each span of time that is as
    long as so many take at `rate_s` a second.

    One round trip to the cache, two for the first call of a span. When the cache does not answer,
    this process counts alone: a limit stops no shop by being broken.
    """

    def __init__(self, rate_s: float, burst: int, cache: BaseCache, name: str) -> None:
        self.burst, self.span_s = burst, burst / rate_s
        self._cache, self._name = cache, name
        self._alone = Limiter(rate_s, burst)

    def wait_s(self, who: str, now: float | None = None) -> float:
        """See `Limits.wait_s`."""
        moment = time.time() if now is None else now
        span = int(moment // self.span_s)
        try:
            count = self._count(f"{self._name}:{who}:{span}")
        except OSError as error:
            logger.warning("limits are counted alone: %s", type(error).__name__)
            return self._alone.wait_s(who)
        return 0.0 if count <= self.burst else (span + 1) * self.span_s - moment

    def _count(self, key: str) -> int:
        try:
            return int(self._cache.incr(key))
        except ValueError:
            # The first of this span; or another process is, by a hair.
            if self._cache.add(key, 1, timeout=2 * self.span_s + 1):
                return 1
            return int(self._cache.incr(key))


def make_limits(rate_s: float, burst: int, name: str) -> Limits:
    """What counts calls in this house: shared where the settings name a cache for it."""
    if SHARED in settings.CACHES:
        return SharedLimiter(rate_s, burst, caches[SHARED], name)
    return Limiter(rate_s, burst)

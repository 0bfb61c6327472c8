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
from typing import Protocol, cast

from django.conf import settings
from django.core.cache import caches

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


class Buckets(Protocol):
    """A cache that keeps buckets of calls for all processes (`config.api.cache.LimitsCache`)."""

    def take(self, key: str, step_s: float, span_s: float, now: float | None = None) -> float:
        """0 when a call may pass, which then counts; else how long to wait. Raises OSError."""
        ...


class SharedLimiter:
    """The same for all processes that share a cache, at any moment: one bucket for each key.

    One round trip. When the cache does not answer, this process counts alone: a limit stops no shop
    by being broken.
    """

    def __init__(self, rate_s: float, burst: int, buckets: Buckets, name: str) -> None:
        self.step_s, self.span_s = 1 / rate_s, burst / rate_s
        self._buckets, self._name = buckets, name
        self._alone = Limiter(rate_s, burst)

    def wait_s(self, who: str, now: float | None = None) -> float:
        """See `Limits.wait_s`."""
        try:
            return self._buckets.take(f"{self._name}:{who}", self.step_s, self.span_s, now)
        except OSError as error:
            logger.warning("limits are counted alone: %s", type(error).__name__)
            return self._alone.wait_s(who)


def make_limits(rate_s: float, burst: int, name: str) -> Limits:
    """What counts calls in this house: shared where the settings name a cache for it."""
    if SHARED in settings.CACHES:
        return SharedLimiter(rate_s, burst, cast("Buckets", caches[SHARED]), name)
    return Limiter(rate_s, burst)

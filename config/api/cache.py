"""Django's cache in Redis, whose trouble is an `OSError` like that of anything over a network."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError


class LimitsCache(RedisCache):
    """Only what counting needs: `add` and `incr`."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        try:
            return bool(super().add(*args, **kwargs))
        except RedisError as error:
            raise ConnectionError(str(error)) from error

    def incr(self, *args: Any, **kwargs: Any) -> int:
        try:
            return int(super().incr(*args, **kwargs))
        except RedisError as error:
            raise ConnectionError(str(error)) from error

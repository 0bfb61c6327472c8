"""What can be proved about the books, each app by its own word.

A proof computes something anew and says where it is off. It reads everything, changes nothing,
and names rows by their ids: no personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

Proof = Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Registered:
    """`proof` yields what is off; `count` says how many things it looks at."""

    name: str
    proof: Proof
    count: Callable[[], int] | None = None


registry: dict[str, Registered] = {}
"""Every proof by its name, in the order in which `prove` runs them."""


def register(name: str, proof: Proof, count: Callable[[], int] | None = None) -> None:
    """Have `manage.py prove` run `proof`. The name says what is proved."""
    registry[name] = Registered(name, proof, count)

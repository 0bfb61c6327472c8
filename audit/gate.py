"""Who may open a view, said on the view itself.

These only set an attribute; the gate at the edge reads it and denies whatever says nothing. They
fit a function, what `as_view()` made, and a class-based view itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

V = TypeVar("V", bound=Callable[..., Any])

ATTRIBUTE = "comptoir_gate"


@dataclass(frozen=True, slots=True)
class Gate:
    """What a view asks of a person. No permissions: it is enough to be signed in."""

    permissions: tuple[str, ...] = ()
    is_open: bool = False


def requires(*permissions: str) -> Callable[[V], V]:
    """Only for a signed-in person who holds all of these (`app.codename`)."""
    if not permissions:
        raise TypeError("say which permission, or use signed_in")
    for permission in permissions:
        if permission.count(".") != 1:
            raise TypeError(f"{permission!r} is not app.codename")
    return _hang(Gate(permissions))


def signed_in(view: V) -> V:
    """For everybody who is signed in, whatever his roles."""
    return _hang(Gate())(view)


def open_to_all(view: V) -> V:
    """For visitors too."""
    return _hang(Gate(is_open=True))(view)


def find_gate(view: Callable[..., Any]) -> Gate | None:
    """What was said on a view, or None when nobody said anything."""
    said = getattr(view, ATTRIBUTE, None) or getattr(
        getattr(view, "view_class", None), ATTRIBUTE, None
    )
    return said if isinstance(said, Gate) else None


def _hang(gate: Gate) -> Callable[[V], V]:
    def decorate(view: V) -> V:
        setattr(view, ATTRIBUTE, gate)
        return view

    return decorate

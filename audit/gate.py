"""Who may open a view, said on the view itself.

These only set an attribute; the gate at the edge reads it and denies whatever says nothing. They
fit a function, what `as_view()` made, and a class-based view itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

V = TypeVar("V", bound=Callable[..., Any])

ATTRIBUTE = "comptoir_gate"
STEP_UP = "comptoir_step_up"


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


@overload
def step_up(view: V) -> V: ...
@overload
def step_up(*, on_get: bool) -> Callable[[V], V]: ...
def step_up(view: V | None = None, *, on_get: bool = False) -> V | Callable[[V], V]:
    """What this view changes needs a fresh proof of who the person is.

    Who has not proved himself within `STEP_UP_S` is led to do so and back to where he was, with
    what he had typed in the form again. A form may be looked at without; with `on_get` the page
    itself asks too. Stands beside `requires` or `signed_in`, in any order.
    """

    def decorate(view: V) -> V:
        setattr(view, STEP_UP, "always" if on_get else "changes")
        return view

    return decorate(view) if view is not None else decorate


def needs_step_up(view: Callable[..., Any], method: str | None) -> bool:
    """Whether a request by this method must come from somebody who has just proved himself."""
    said = _said(view, STEP_UP)
    return said == "always" or (said == "changes" and method not in ("GET", "HEAD", "OPTIONS"))


def find_gate(view: Callable[..., Any]) -> Gate | None:
    """What was said on a view, or None when nobody said anything."""
    said = _said(view, ATTRIBUTE)
    return said if isinstance(said, Gate) else None


def _said(view: Callable[..., Any], name: str) -> Any:
    return getattr(view, name, None) or getattr(getattr(view, "view_class", None), name, None)


def _hang(gate: Gate) -> Callable[[V], V]:
    def decorate(view: V) -> V:
        setattr(view, ATTRIBUTE, gate)
        return view

    return decorate

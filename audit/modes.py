"""Live data or test data: which of the two a person has before him.

A look and no right: who may see payments may see both. What he chose stands in his session; where
he begins is asked once, when he signs in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest, QueryDict

from audit.keyset import Place
from audit.together import together

KEY = "mode"
"""In the session, and in the address of a page that is not the first of its list."""
LIVE, TEST = "live", "test"

_rules: list[Callable[[], bool]] = []
_paths: dict[str, tuple[type[Model], str]] = {}


def begin_by(rule: Callable[[], bool]) -> None:
    """Have people begin with live data where `rule` says so. Called by an app in its `ready()`."""
    _rules.append(rule)


def _begins_live() -> bool:
    return any(rule() for rule in _rules)


def start(request: HttpRequest) -> None:
    """Somebody signs in: from here on his session says where he is. One SELECT."""
    request.session[KEY] = word_of(_begins_live())


def choose(request: HttpRequest, *, is_live: bool) -> None:
    """Go over to live data, or to test data."""
    request.session[KEY] = word_of(is_live)


def is_live(request: HttpRequest) -> bool:
    """Whether the person has live data before him. No queries once he has signed in."""
    session: Any = getattr(request, "session", {})
    word = session.get(KEY)
    if word in (LIVE, TEST):
        return bool(word == LIVE)
    # One who signed in before there was a choice.
    if not hasattr(request, "_begins_live"):
        request._begins_live = _begins_live()  # type: ignore[attr-defined]
    found: bool = request._begins_live  # type: ignore[attr-defined]
    return found


def word_of(is_live: bool) -> str:
    """How a mode is written in addresses, in the record and in the names of files."""
    return LIVE if is_live else TEST


def of_mode(is_live: bool, through: str = "") -> Q:
    """The rows of one mode; `through` leads to what has one (`payment__`).

    Written as a comparison: Django turns an equal truth value into `NOT is_live`, for which SQLite
    takes no index.
    """
    return Q((f"{through}is_live__in", (is_live,)))


def mark(model: type[Model], path: str = "is_live") -> None:
    """Have what people touched say its mode, which is found along `path`. Called in `ready()`."""
    _paths[model._meta.label_lower] = (model, path)


def find(things: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bool]:
    """The modes of things, given as `app.model` and key; of those alone that have one.

    One SELECT, none where nothing has.
    """
    keys: dict[str, list[str]] = {}
    for label, pk in things:
        if label in _paths:
            keys.setdefault(label, []).append(pk)
    asked = [_select_modes(*_paths[label], pks) for label, pks in keys.items()]
    return {
        (label, str(row["pk"])): row["mode"]
        for label, rows in zip(keys, together(*asked), strict=True)
        for row in rows
        if row["mode"] is not None
    }


def _select_modes(model: type[Model], path: str, pks: list[str]) -> QuerySet[Any, Any]:
    rows = model._default_manager.filter(pk__in=pks)
    return rows.order_by("pk").values("pk", mode=F(path))


def address_of(request: HttpRequest) -> QueryDict:
    """The address with the mode in it, for the links to the other pages of a list."""
    address = request.GET.copy()
    address[KEY] = word_of(is_live(request))
    return address


def place_of(request: HttpRequest) -> Place:
    """The place in a list that an address names; lost when it is one of the other mode's list."""
    named = request.GET.get(KEY)
    if named in (LIVE, TEST) and named != word_of(is_live(request)):
        return Place(is_lost=Place.read(request.GET).cursor is not None)
    return Place.read(request.GET)

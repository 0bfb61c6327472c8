"""Every address of the house, as the resolver knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, get_resolver


@dataclass(frozen=True, slots=True)
class Address:
    """`name` is what `reverse` takes; the few that have none are known by their pattern."""

    name: str
    has_name: bool
    parts: tuple[str, ...]
    view: Callable[..., Any]
    is_admin: bool


def list_addresses() -> list[Address]:
    return list(_walk(get_resolver("config.urls")))


def _walk(
    resolver: Any,
    space: str = "",
    before: str = "",
    admin: bool = False,
    above: tuple[str, ...] = (),
) -> Iterator[Address]:
    for one in resolver.url_patterns:
        route, parts = before + str(one.pattern), above + _parts(one)
        if not isinstance(one, URLPattern):
            is_admin = admin or one.app_name == "admin"
            yield from _walk(one, one.namespace or space, route, is_admin, parts)
        elif one.name:
            name = f"{space}:{one.name}" if space else one.name
            yield Address(name, True, parts, one.callback, admin)
        else:
            yield Address(route, False, parts, one.callback, admin)


def _parts(pattern: Any) -> tuple[str, ...]:
    """The names of what stands between the slashes of an address."""
    return tuple(pattern.pattern.regex.groupindex)

import re
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from .errors import CallError

Does = TypeVar("Does")


class Route(NamedTuple, Generic[Does]):
    method: str
    pattern: re.Pattern[str]
    does: Does


def make_route(method: str, path: str, does: Does) -> Route[Does]:
    """A route; `<id>` in the path stands for one segment."""
    return Route(method, re.compile(path.replace("<id>", "([^/]+)")), does)


def match_route(routes: Iterable[Route[Does]], method: str, path: str) -> tuple[Does, str]:
    """What a request does, and the id in its path."""
    allowed = set()
    for route in routes:
        match = route.pattern.fullmatch(path)
        if match and route.method == method:
            return route.does, match[1] if match.groups() else ""
        if match:
            allowed.add(route.method)
    if allowed:
        names = ", ".join(sorted(allowed))
        raise CallError(405, "method_not_allowed", f"Allowed here: {names}.", {"Allow": names})
    raise CallError(404, "not_found", "There is nothing at this address.")

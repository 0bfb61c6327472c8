"""What a list is that people keep views of. The app that owns it makes one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ListKind:
    """`tidy` brings the query of an address into the form in which a view keeps it."""

    code: str
    label: Any
    permission: str
    namespace: str
    columns: Mapping[str, Any]
    """Every column there is, in its order, with its label."""
    fixed: tuple[str, ...]
    """Those that are always there."""
    usual: tuple[str, ...]
    """Those that are there until a person chooses."""
    tidy: Callable[[str], str]

    @property
    def route(self) -> str:
        """The name of the list's own page."""
        return f"{self.namespace}:list"

    def known(self, names: Iterable[str]) -> list[str]:
        """The columns meant by `names`, in their order, with those that are always there."""
        wanted = {*names, *self.fixed}
        return [name for name in self.columns if name in wanted]

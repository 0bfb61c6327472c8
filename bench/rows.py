"""A row of the table: what was measured, and whether it is as good as it should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "≥": lambda value, target: value >= target,
    "≤": lambda value, target: value <= target,
    "=": lambda value, target: value == target,
}


@dataclass(frozen=True)
class Row:
    """`target` is a comparison (`≥ 0.25`); empty where a figure is only told."""

    name: str
    value: float
    unit: str
    target: str = ""

    @property
    def holds(self) -> bool:
        if not self.target:
            return True
        sign, number = self.target.split()
        return COMPARE[sign](self.value, float(number))


def write_json(rows: list[Row], path: Path) -> None:
    """All rows, in the order they were measured. Rows of an earlier run that this one did not
    measure stay as they were."""
    found: dict[str, dict[str, Any]] = {row["name"]: row for row in _earlier(path)}
    for row in rows:
        found[row.name] = {
            "name": row.name,
            "value": round(row.value, 4),
            "unit": row.unit,
            "target": row.target,
            "holds": row.holds,
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(found.values()), indent=1, ensure_ascii=False) + "\n")


def _earlier(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text()) if path.exists() else []


def lines(rows: list[Row]) -> Iterator[str]:
    """The table, for people."""
    width = max((len(row.name) for row in rows), default=4)
    yield f"{'name':{width}}  {'value':>10}  {'unit':24} {'target':>8}  holds"
    for row in rows:
        holds = ("yes" if row.holds else "NO") if row.target else ""
        yield f"{row.name:{width}}  {row.value:>10.3f}  {row.unit:24} {row.target:>8}  {holds}"

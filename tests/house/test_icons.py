"""Every drawing that a page asks for is there: one that is not breaks the page it stands on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit import needs
from config.desk import context, trail
from config.desk.templatetags.desk import drawing

ROOT = Path(__file__).resolve().parents[2]
ASKED = re.compile(r"""\{%\s*icon\s+["']([a-z0-9-]+)["']|\bicon(?:_name)?=["']([a-z0-9-]+)["']""")


def in_templates() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "templates").rglob("*.html")):
        for match in ASKED.finditer(file.read_text(encoding="utf-8")):
            yield match[1] or match[2], str(file.relative_to(ROOT))


def in_tables() -> Iterator[tuple[str, str]]:
    yield from ((need.icon, f"need {need.code}") for need in needs.registry.values())
    yield from ((entry.icon, f"menu {entry.route}") for entry in context.ENTRIES)
    yield from ((name, f"trail {kind}") for kind, name in trail.ICONS.items())


def in_code() -> Iterator[tuple[str, str]]:
    """What is given as `icon=…`."""
    for package in ("audit", "config", "disputes", "payments"):
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.keyword) or node.arg != "icon":
                    continue
                if isinstance(node.value, ast.Constant):
                    yield str(node.value.value), str(file.relative_to(ROOT))


def asked() -> dict[str, str]:
    return {
        name: where for source in (in_templates, in_tables, in_code) for name, where in source()
    }


@pytest.mark.parametrize("name", sorted(asked()))
def test_drawing_is_there(name: str) -> None:
    assert "<svg" in drawing(name, 20), asked()[name]


def test_the_places_are_looked_at() -> None:
    assert len(asked()) > 50
    assert len(needs.registry) >= 4

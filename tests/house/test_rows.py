"""What shows rows is looked at with none, one and ten thousand of them: nothing is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from tests.browser import gallery
from tests.browser.lists import LISTS, STATES, Never
from tests.browser.loops import CLOSED, SEEN

TEMPLATES = Path(settings.BASE_DIR) / "templates"
LOOP = re.compile(r"{%-?\s*for\s+[^%]+?\s+in\s+(?P<rows>[^%]+?)(?:\s+reversed)?\s*-?%}")
WITH_ROWS = {'{% extends "list_page.html" %}': "rows", "{% render_table ": "table"}
"""A page in a frame that goes through its rows."""


def list_loops(text: str) -> Iterator[str]:
    """What a template goes through, by the words that stand there."""
    yield from (found["rows"].partition("|")[0] for found in LOOP.finditer(text))
    yield from (rows for mark, rows in WITH_ROWS.items() if mark in text)


def loops_of_the_house() -> set[str]:
    return {
        f"{path.relative_to(TEMPLATES)}: {rows}"
        for path in TEMPLATES.rglob("*.html")
        for rows in list_loops(path.read_text(encoding="utf-8"))
    }


def test_every_loop_of_a_template_is_looked_at_or_says_why_not() -> None:
    found = loops_of_the_house()
    assert found - SEEN.keys() - CLOSED.keys() == set()
    assert (SEEN.keys() | CLOSED.keys()) - found == set()
    assert SEEN.keys() & CLOSED.keys() == set()
    assert all(CLOSED.values())


def test_a_loop_is_found_however_it_is_written() -> None:
    assert list(list_loops("{% for a, b in page.rows %}{% for x in c|slice:'2' %}")) == [
        "page.rows",
        "c",
    ]
    assert list(list_loops('{% extends "list_page.html" %}')) == ["rows"]
    assert list(list_loops("{% for row in rows reversed %}")) == ["rows"]


def test_rows_are_looked_at_on_a_page_of_the_gallery() -> None:
    pages = {one.name for one in gallery.EVERYTHING}
    assert set(SEEN.values()) - LISTS.keys() == set()
    assert LISTS.keys() - pages == set()


def test_every_list_of_the_administration_is_looked_at() -> None:
    lists = {one.name for one in gallery.PAGES if one.name.endswith("_changelist")}
    assert len(lists) > 6
    assert lists - LISTS.keys() == set()


def test_a_list_without_a_state_says_why() -> None:
    left_out = [
        found
        for rows in LISTS.values()
        for state in STATES
        if isinstance(found := rows.scene(state), Never)
    ]
    assert all(len(one.why) > 10 for one in left_out)
    assert any(not isinstance(rows.many, Never) for rows in LISTS.values())

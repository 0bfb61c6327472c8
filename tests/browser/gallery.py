"""Every page of the house, taken from the table of addresses: who opens it, and in which states it
is looked at. A new route is in the gallery by being in the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Page, ViewportSize

from tests.browser import lists, places
from tests.browser.conftest import Complaints
from tests.browser.places import Place
from tests.browser.scenes import ADDRESSES
from tests.pages.conftest import SUPERUSER, VISITOR, House
from tests.pages.test_matrix import COLUMNS, ROWS, url_of

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
# Everything that WCAG 2.2 AA asks and a machine can see, and what good practice adds.
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
# Two frames, so that what fades has begun to; then until it has ended.
AT_REST = """async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  await Promise.allSettled(document.getAnimations().map((one) => one.finished));
}"""
SHIFTED = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})"""
MOST_SHIFT = 0.02

FIRST_CHOICE = (
    VISITOR,
    "support_lead",
    "finance_controller",
    "auditor",
    "privacy_officer",
    "access_administrator",
    SUPERUSER,
)
"""Whose eyes a page is seen with: the first of these who may open it, else whoever may."""
NO_PICTURE = frozenset(
    {
        "admin:jsi18n",
        "api:openapi-json",
        "api:openapi-view",
        "health:live",
        "health:ready",
        "health:metrics",
    }
)
"""What answers with something else than a page of ours: for machines, or drawn by Swagger UI."""
Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page, who opens it, and who may not (None: everybody may)."""

    name: str
    role: str
    shut_out: str | None

    @property
    def file(self) -> str:
        return self.name.replace(":", "-")

    def url(self, house: House) -> str:
        address = ADDRESSES.get(self.name)
        return address(house) if address else url_of(self.name, house)


def list_pages() -> list[Shown]:
    """Each named address that shows somebody a page."""
    return [
        Shown(row.name, _viewer(row.expected), _shut_out(row.expected))
        for row in ROWS
        if row.method == "GET" and "·" in row.expected and row.name not in NO_PICTURE
    ]


def _viewer(signs: str) -> str:
    may = [who for who, sign in zip(COLUMNS, signs, strict=True) if sign == "·"]
    return next((who for who in FIRST_CHOICE if who in may), may[0])


def _shut_out(signs: str) -> str | None:
    return next((who for who, sign in zip(COLUMNS, signs, strict=True) if sign == "x"), None)


PAGES = list_pages()
EVERYTHING: tuple[Shown | Place, ...] = (*PAGES, *places.PLACES)
VIEWERS = sorted({page.role for page in PAGES})


def pages_of(role: str) -> Iterator[Shown]:
    """The pages that are seen with the eyes of a role."""
    return (page for page in PAGES if page.role == role)


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds in the page that is open."""
    with Complaints.deaf():
        found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return found


def faults_of(page: Page, name: str) -> list[str]:
    """The same in one line each, with where it is."""
    return [
        f"{name}: {one['id']} {[node['target'] for node in one['nodes']][:4]}"
        for one in violations(page)
    ]


def set_scene(page: Page, theme: Theme = "light", size: ViewportSize = WIDE) -> None:
    """Theme and width, and the page at rest in them."""
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size(size)
    page.evaluate(AT_REST)


def is_too_wide(page: Page) -> bool:
    """Whether the whole page must be pushed sideways to be read."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


CUT_OFF = """() => [...document.querySelectorAll(".table-responsive, .results, .wide-table")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1).length"""
WIDE_BY_NATURE = frozenset({"access:matrix"})
"""Tables that are pushed sideways at a desk too: a column for each role."""


def is_cut_off(page: Page) -> bool:
    """Whether a table of the page is wider than the room that it has."""
    return int(page.evaluate(CUT_OFF)) > 0


def is_stacked(page: Page, name: str) -> bool:
    """Whether a page of the administration, on a telephone, is read from top to bottom: neither it
    nor a table of it is pushed sideways."""
    return not name.startswith("admin:") or not (is_too_wide(page) or is_cut_off(page))


def pictures() -> Path:
    """Where the pictures are kept for people to look through."""
    folder = Path(settings.BASE_DIR) / "var" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def picture(page: Page, folder: str, state: str) -> None:
    """Keep a picture of the page that is open."""
    (pictures() / folder).mkdir(exist_ok=True)
    page.evaluate(AT_REST)
    page.screenshot(path=pictures() / folder / f"{state}.png", full_page=True)


def look(page: Page, name: str) -> list[str]:
    """What is wrong with the page that is open, in both themes and both widths, and its pictures."""
    faults = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(WIDE)
        for width in (WIDE, NARROW):
            page.set_viewport_size(width)
            page.evaluate(AT_REST)
            size = f"{width['width']}-{theme}"
            # On a phone the colours are those of the desk: one theme tells all.
            is_known = width is NARROW and theme == "dark"
            faults += [] if is_known else faults_of(page, f"{name} {size}")
            if is_too_wide(page):
                faults.append(f"{name} {size}: wider than the screen")
            page.screenshot(path=pictures() / f"{name}-{size}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    return faults


def look_at(page: Page, pages: dict[str, str]) -> list[str]:
    """The same of several pages, by name and address."""
    faults: list[str] = []
    for name, url in pages.items():
        page.goto(url)
        faults += look(page, name)
    return faults


STATES = (
    *("full", "dark", "390", "french", "slow", "failed", "forbidden"),
    *("empty", "one", "many", "many-390"),
)
"""In the order of the gallery; which of them a page has says `states_of`."""


def states_of(one: Shown | Place) -> Sequence[str]:
    """The states of a page: only what is shut can be forbidden, only a list empty or long."""
    if isinstance(one, Place):
        has = set(places.STATES)
    else:
        has = set(STATES) - {*lists.STATES, "many-390"} - (set() if one.shut_out else {"forbidden"})
    rows = lists.LISTS.get(one.name)
    if rows is not None:
        has |= {said for said in lists.STATES if not isinstance(rows.scene(said), lists.Never)}
        has |= {"many-390"} if "many" in has else set()
    return [state for state in STATES if state in has]

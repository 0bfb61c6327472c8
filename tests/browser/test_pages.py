"""Every page, in light, in dark and in French: readable to everybody, no wider than a telephone,
still while it loads. What states it has besides is for `make pictures`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from playwright.sync_api import Page

from audit.actor import acting_as, operator
from audit.approvals.models import ApprovalLimit
from tests.browser import gallery
from tests.browser.conftest import Enter, Open
from tests.browser.gallery import NARROW, SHIFTED, Shown, faults_of, set_scene
from tests.browser.scenes import furnish
from tests.pages.conftest import VISITOR, House
from tests.pages.conftest import house as _house

pytestmark = pytest.mark.browser
small_house = _house


@pytest.fixture
def bare(_fresh_house: None, request: pytest.FixtureRequest) -> House:
    """The house of the table of addresses: of most things one."""
    with acting_as(operator("test")):
        ApprovalLimit.objects.all().delete()
    house: House = request.getfixturevalue("small_house")
    return house


@pytest.fixture
def furnished(bare: House) -> House:
    """The same with something behind each address."""
    furnish()
    return bare


Watch = Callable[..., Page]


@pytest.fixture
def watch(enter: Enter, open_browser: Open) -> Watch:
    """`watch("auditor")`: a browser of somebody with the role; `locale` says in which language."""
    cookies: dict[str, list[object]] = {}

    def make(role: str, **options: object) -> Page:
        if role == VISITOR:
            return open_browser(**options)
        if role not in cookies:
            page = enter(role, **options)
            cookies[role] = page.context.cookies()  # type: ignore[assignment]
            return page
        page = open_browser(**options)
        page.context.add_cookies(cookies[role])  # type: ignore[arg-type]
        return page

    return make


@pytest.mark.parametrize("role", gallery.VIEWERS)
def test_pages_of(role: str, furnished: House, watch: Watch) -> None:
    english, french = watch(role), watch(role, locale="fr-FR")
    faults: list[str] = []
    for one in gallery.pages_of(role):
        faults += look(english, one, furnished)
        faults += look_in_french(french, one, furnished)
    assert faults == [], "\n".join(faults)


def look(page: Page, one: Shown, house: House) -> list[str]:
    set_scene(page)
    answer = page.goto(one.url(house))
    faults = [] if answer and answer.status == 200 else [f"{one.name}: no page"]
    if page.evaluate(SHIFTED) >= gallery.MOST_SHIFT:
        faults.append(f"{one.name}: jumps while it loads")
    page.evaluate(gallery.AT_REST)
    faults += faults_of(page, f"{one.name} light")
    if gallery.is_cut_off(page) and one.name not in gallery.WIDE_BY_NATURE:
        faults.append(f"{one.name}: a table is wider than its room")
    set_scene(page, size=NARROW)
    if gallery.is_too_wide(page):
        faults.append(f"{one.name}: wider than a telephone")
    if not gallery.is_stacked(page, one.name):
        faults.append(f"{one.name}: a table is pushed sideways on a telephone")
    return faults


def look_in_french(page: Page, one: Shown, house: House) -> list[str]:
    cache.clear()
    page.goto(one.url(house))
    set_scene(page, "dark")
    faults = faults_of(page, f"{one.name} dark, in French")
    if gallery.is_cut_off(page) and one.name not in gallery.WIDE_BY_NATURE:
        faults.append(f"{one.name}: a table is wider than its room, in French")
    if page.locator("html").get_attribute("lang") != "fr":
        faults.append(f"{one.name}: not in French")
    set_scene(page, "dark", NARROW)
    if not gallery.is_stacked(page, one.name):
        faults.append(f"{one.name}: a table is pushed sideways on a telephone, in French")
    return faults


def test_gallery_holds_every_page_that_somebody_may_open() -> None:
    from config.routes import ROUTES

    shown = {page.name for page in gallery.PAGES}
    assert len(shown) > 40
    assert {name for name in shown if name not in ROUTES and ":" in name} == set()

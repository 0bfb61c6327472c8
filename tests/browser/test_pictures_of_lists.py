"""The pictures of what shows rows: with none, with one, with ten thousand. `make pictures`."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page

from config.access.models import User
from tests.browser import gallery
from tests.browser.conftest import Enter, hire
from tests.browser.gallery import NARROW, WIDE, Shown, set_scene
from tests.browser.lists import LISTS, Never
from tests.browser.many import fill
from tests.browser.places import Place, Visit
from tests.browser.test_pages import Watch
from tests.browser.test_pages import bare as _bare
from tests.browser.test_pages import furnished as _furnished
from tests.browser.test_pages import small_house as _small_house
from tests.browser.test_pages import watch as _watch
from tests.browser.test_pictures import take
from tests.pages.conftest import House

pytestmark = pytest.mark.browser
bare, furnished, small_house, watch = _bare, _furnished, _small_house, _watch


def lists(state: str) -> list[Shown | Place]:
    """The pages that have this state."""
    return [
        one
        for one in gallery.EVERYTHING
        if one.name in LISTS and not isinstance(LISTS[one.name].scene(state), Never)
    ]


def in_a_house(state: str) -> list[Shown | Place]:
    """Those that want something to be there."""
    return [one for one in lists(state) if state != "empty" or LISTS[one.name].empty is not None]


def in_no_house() -> list[Shown | Place]:
    return [one for one in lists("empty") if LISTS[one.name].empty is None]


def whoever_is(role: str) -> User:
    """The one person with the role, who looks at a page."""
    return User.objects.get(email=f"{role}@house.test")


def go(page: Page, one: Shown | Place, state: str, house: House) -> None:
    """To the page in this state; what comes after it by script has come."""
    scene = LISTS[one.name].scene(state)
    visit = Visit(page, house, whoever_is(one.role))
    if isinstance(scene, Never) or scene is None:
        visit.open(one.name)
    else:
        scene(visit)
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("one", in_no_house(), ids=lambda one: one.file)
def test_pictures_of_an_empty_house(one: Shown, enter: Enter) -> None:
    from django.urls import reverse

    page = enter(one.role)
    page.goto(reverse(one.name))
    assert [*arrival(page, one), *take(page, one, "empty")] == []


@pytest.mark.parametrize("one", in_a_house("empty"), ids=lambda one: one.file)
def test_pictures_of_nothing(one: Shown | Place, bare: House, enter: Enter) -> None:
    page = enter(one.role)
    go(page, one, "empty", bare)
    assert [*arrival(page, one), *take(page, one, "empty")] == []


@pytest.mark.parametrize("one", in_a_house("one"), ids=lambda one: one.file)
def test_pictures_of_one(one: Shown | Place, bare: House, enter: Enter) -> None:
    page = enter(one.role)
    go(page, one, "one", bare)
    assert [*arrival(page, one), *take(page, one, "one")] == []


def test_pictures_of_ten_thousand(furnished: House, watch: Watch) -> None:
    pages = {role: watch(role) for role in sorted({one.role for one in lists("many")})}
    fill(furnished, hire("dispute_analyst"), whoever_is("support_lead"))
    assert User.objects.count() > 10_000
    assert Group.objects.count() > 60
    faults: list[str] = []
    for one in lists("many"):
        page = pages[one.role]
        set_scene(page, size=WIDE)
        go(page, one, "many", furnished)
        faults += [*arrival(page, one), *take(page, one, "many")]
        if gallery.is_cut_off(page) and one.name not in gallery.WIDE_BY_NATURE:
            faults.append(f"{one.name}: a table is wider than its room")
        set_scene(page, size=NARROW)
        faults += take(page, one, "many-390")
        if not gallery.is_stacked(page, one.name):
            faults.append(f"{one.name}: a table is pushed sideways on a telephone")
    assert faults == [], "\n".join(faults)


def arrival(page: Page, one: Shown | Place) -> list[str]:
    """Whether it is no page."""
    status = page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
    return [] if status == 200 else [f"{one.name}: {status}"]

"""The pages one is led to, in both themes, on a telephone and in French, each judged by axe."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from config.access.models import User
from tests.browser import gallery
from tests.browser.conftest import Enter, Open, hire
from tests.browser.gallery import NARROW, WIDE, faults_of, set_scene
from tests.browser.places import NO_PAGE, PLACES, Place, Visit
from tests.browser.test_pages import bare as _bare
from tests.browser.test_pages import furnished as _furnished
from tests.browser.test_pages import small_house as _small_house
from tests.pages.conftest import VISITOR, House
from tests.pages.test_matrix import ROWS

pytestmark = pytest.mark.browser
bare, furnished, small_house = _bare, _furnished, _small_house
LOCALES = {"full": "en-GB", "french": "fr-FR"}


def arrive(place: Place, house: House, enter: Enter, open_browser: Open, locale: str) -> Page:
    """A browser at the end of the way."""
    page = open_browser(locale=locale)
    if place.role == VISITOR:
        person = hire("support_agent")
    else:
        page.context.add_cookies(enter(place.role).context.cookies())  # type: ignore[arg-type]
        person = User.objects.get(email=f"{place.role}@house.test")
    place.way(Visit(page, house, person))
    page.wait_for_load_state()
    return page


def take(page: Page, place: Place, state: str) -> list[str]:
    faults = faults_of(page, f"{place.name} {state}")
    if gallery.is_too_wide(page):
        faults.append(f"{place.name} {state}: wider than the screen")
    gallery.picture(page, place.file, state)
    return faults


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize("state", LOCALES)
def test_place(
    state: str, place: Place, furnished: House, enter: Enter, open_browser: Open
) -> None:
    page = arrive(place, furnished, enter, open_browser, LOCALES[state])
    faults = take(page, place, state)
    lang = page.locator("html").get_attribute("lang")
    assert lang == LOCALES[state][:2]
    if state == "full":
        set_scene(page, "dark", WIDE)
        faults += take(page, place, "dark")
        set_scene(page, "light", NARROW)
        faults += take(page, place, "390")
    assert faults == [], "\n".join(faults)


def test_every_address_has_a_picture_or_no_page() -> None:
    shown = {page.name for page in gallery.PAGES} | {place.route for place in PLACES}
    named = {
        row.name
        for row in ROWS
        if row.method == "GET"
        and row.name not in gallery.NO_PICTURE
        and not row.name.startswith(("api:", "admin/"))
        and not (row.name.startswith("admin:") and "·" not in row.expected)
    }
    assert named - shown - set(NO_PAGE) == set()
    assert set(NO_PAGE) & shown == set()
    assert set(NO_PAGE) - {row.name for row in ROWS} == set()


def test_places_have_names_of_their_own() -> None:
    assert len({place.file for place in PLACES}) == len(PLACES)

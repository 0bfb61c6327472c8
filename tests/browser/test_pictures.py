"""The pictures of every page in each of its states, for people to look through: `make pictures`.
Those of rows are made by `test_pictures_of_lists`.

They are in `var/pictures/`, with an `index.html`. Each is judged by axe as it is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import psycopg
import pytest
from django.core.cache import cache
from django.db import OperationalError
from playwright.sync_api import Page, expect

from config.access import snapshot
from tests.browser import gallery
from tests.browser.conftest import Enter
from tests.browser.gallery import NARROW, WIDE, Shown, faults_of, set_scene
from tests.browser.places import Place
from tests.browser.test_pages import Watch
from tests.browser.test_pages import bare as _bare
from tests.browser.test_pages import furnished as _furnished
from tests.browser.test_pages import small_house as _small_house
from tests.browser.test_pages import watch as _watch
from tests.pages.conftest import House

pytestmark = pytest.mark.browser
bare, furnished, small_house, watch = _bare, _furnished, _small_house, _watch


def take(page: Page, one: Shown | Place, state: str) -> list[str]:
    """The picture of a state, and what is wrong with it."""
    page.wait_for_load_state("networkidle")
    gallery.picture(page, one.file, state)
    faults = faults_of(page, f"{one.name} {state}")
    if gallery.is_too_wide(page):
        faults.append(f"{one.name} {state}: wider than the screen")
    return faults


@pytest.mark.parametrize("role", gallery.VIEWERS)
def test_pictures_of(
    role: str, furnished: House, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    english, french = watch(role), watch(role, locale="fr-FR")
    faults: list[str] = []
    for one in gallery.pages_of(role):
        cache.clear()
        url = one.url(furnished)
        faults += full(english, one, url)
        faults += slow(english, one)
        with database_lost(monkeypatch):
            english.goto(url)
            faults += take(english, one, "failed")
        french.goto(url)
        faults += take(french, one, "french")
    assert faults == [], "\n".join(faults)


def full(page: Page, one: Shown, url: str) -> list[str]:
    set_scene(page)
    page.goto(url)
    faults = take(page, one, "full")
    set_scene(page, "dark")
    faults += take(page, one, "dark")
    set_scene(page, size=NARROW)
    faults += take(page, one, "390")
    set_scene(page, size=WIDE)
    return faults


def slow(page: Page, one: Shown) -> list[str]:
    """The page when it has been left for the next one, which takes its time."""
    page.evaluate("() => { window.dispatchEvent(new Event('beforeunload')); }")
    expect(page.locator("[data-still-waiting]")).to_be_visible()
    return take(page, one, "slow")


@contextmanager
def database_lost(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody can say who is there, because the database is gone."""

    def gone(*_given: Any) -> NoReturn:
        words = "server closed the connection unexpectedly"
        raise OperationalError(words) from psycopg.OperationalError(words)

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "person", gone)
        patch.setattr(snapshot, "visitor", gone)
        yield


def test_pictures_of_shut_doors(furnished: House, enter: Enter) -> None:
    browsers: dict[str, Page] = {}
    faults: list[str] = []
    for one in gallery.PAGES:
        if one.shut_out is None:
            continue
        page = browsers.get(one.shut_out) or enter(one.shut_out)
        browsers[one.shut_out] = page
        page.goto(one.url(furnished))
        faults += take(page, one, "forbidden")
    assert faults == [], "\n".join(faults)

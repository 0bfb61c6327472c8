"""Search, home, roles."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.places.base import EMAIL, Place, Visit


def search(term: str) -> Callable[[Visit], None]:
    def way(visit: Visit) -> None:
        visit.page.goto("/search/")
        visit.page.locator("#search-everywhere").fill(term)
        with visit.page.expect_navigation():
            visit.page.keyboard.press("Enter")

    return way


def _home(visit: Visit) -> None:
    visit.open("payments:detail")
    visit.page.goto("/")


def _walk(visit: Visit) -> None:
    visit.open("desk:role_preview")
    visit.send("form[action$='/walks/new/']")
    expect(visit.page.locator(".walk")).to_be_visible()


PLACES = (
    Place("search-found", "desk:found", "support_agent", search(EMAIL)),
    Place("search-nothing", "desk:found", "support_agent", search("P-000000000000")),
    Place("home-agent", "desk:home", "support_agent", _home),
    Place("home-controller", "desk:home", "finance_controller", _home),
    Place("home-administrator", "desk:home", "access_administrator", _home),
    Place("walk", "desk:walk_new", "auditor", _walk),
)

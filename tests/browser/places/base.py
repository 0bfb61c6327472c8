"""Somebody on the way to a page, and the page at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from playwright.sync_api import Page

from config.access.models import User
from tests.browser.conftest import PASSWORD
from tests.pages.conftest import PERSONAL, House
from tests.pages.test_matrix import url_of

SEED = "JBSWY3DPEHPK3PXP"
EMAIL = PERSONAL[2]
STATES = ("full", "dark", "390", "french")


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser, the house, and who is signed in (a visitor: whoever has just been hired)."""

    page: Page
    house: House
    person: User

    def open(self, name: str, **objects: object) -> None:
        """The page of a route of the house."""
        url = reverse(name, kwargs=objects) if objects else url_of(name, self.house)
        self.page.goto(url)

    def prove(self, url: str) -> None:
        """A page that wants a fresh proof of who asks."""
        self.page.goto(url)
        if "/reauthenticate/" in self.page.url:
            self.page.locator("main [name=password]").fill(PASSWORD)
            self.page.keyboard.press("Enter")
            self.page.wait_for_url(f"**{url}")

    def send(self, form: str) -> None:
        """Send a form of the page and wait for the page that answers."""
        with self.page.expect_navigation():
            self.page.locator(f"{form} button[type=submit]").first.click()


@dataclass(frozen=True, slots=True)
class Place:
    """`route` is the address whose page is seen at the end of the way."""

    name: str
    route: str
    role: str
    way: Callable[[Visit], None]

    @property
    def file(self) -> str:
        return f"at-{self.name}"

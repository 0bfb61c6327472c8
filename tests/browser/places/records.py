"""Keys, and who was looked at."""

from __future__ import annotations

from django.urls import reverse
from playwright.sync_api import expect

from audit.actor import acting_as, operator
from config.access.commands import create_person
from tests.browser.places.base import Place, Visit


def _key(visit: Visit) -> None:
    visit.prove(reverse("keys:new"))
    visit.page.locator("[name=merchant]").select_option(index=1)
    visit.page.locator("main [name=name]").fill("Web shop")
    visit.page.locator("[name=scopes]").first.check()
    visit.send("main form:has([name=scopes])")
    expect(visit.page.locator("#secret")).to_be_visible()


def _looks(visit: Visit) -> None:
    visit.open("parties:customer")
    visit.open("parties:looks")


def _people(visit: Visit) -> None:
    with acting_as(operator("test")):
        for name in ("Camille Brun", "Camille Noir"):
            create_person(email=f"{name[8:].lower()}@house.test", name=name, roles=["auditor"])
    visit.open("log:explorer")
    visit.page.locator("[name=q]").last.fill("Camille")
    with visit.page.expect_navigation():
        visit.page.keyboard.press("Enter")


PLACES = (
    Place("customer-looks", "parties:looks", "auditor", _looks),
    Place("key-made", "keys:new", "access_administrator", _key),
    Place("log-people", "log:people", "auditor", _people),
)

"""The home page in a browser: drawings, rows by keyboard, and nothing that jumps."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from audit import clock
from tests.browser.conftest import Complaints, Enter, Pay

pytestmark = pytest.mark.browser

SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})"""
PAINTED = """(canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at + 3] === 255) colours.add(`${pixels[at]},${pixels[at + 1]},${pixels[at + 2]}`);
  }
  return [...colours];
}"""


@pytest.fixture
def some_days(pay: Pay) -> None:
    for days in range(5):
        with clock.at(datetime.now(UTC) - timedelta(days=days)):
            pay(1_000 * (days + 1))


@pytest.mark.usefixtures("some_days")
def test_drawings_show_the_table_and_change_with_the_theme(enter: Enter) -> None:
    page = enter("auditor")
    light = painted(page)
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    dark = painted(page)
    assert "11,92,173" in light
    assert "109,177,245" in dark
    assert page.evaluate(SHIFT) < 0.02


def painted(page: Page) -> set[str]:
    canvas = page.locator("[data-chart=bar] canvas")
    expect(canvas).to_be_visible()
    with Complaints.deaf():
        return set(canvas.evaluate(PAINTED))


@pytest.mark.usefixtures("some_days")
def test_bar_opens_the_payments_of_its_day(enter: Enter) -> None:
    page = enter("auditor")
    canvas = page.locator("[data-chart=bar] canvas")
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] - 8, "y": box["height"] / 2})
    page.wait_for_url(re.compile(r"/payments/\?since=(\S+)&until=\1"))
    expect(page.get_by_role("table").get_by_role("link", name=re.compile("^P-"))).to_have_count(1)


@pytest.mark.usefixtures("some_days")
def test_without_script_the_figures_are_a_table(enter: Enter) -> None:
    page = enter("auditor", java_script_enabled=False)
    expect(page.locator("canvas").first).to_be_hidden()
    page.get_by_text("The figures, day by day").click()
    expect(page.locator("#month-days tbody tr")).to_have_count(30)


def test_what_was_touched_last_is_reached_by_keyboard(enter: Enter, pay: Pay) -> None:
    payment = pay()
    page = enter("support_agent")
    page.goto(f"/payments/{payment.pk}/")
    page.goto("/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=payment.reference)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/payments/{payment.pk}/")

"""Each page as it looks: readable to everybody, no wider than its screen, and a picture of it.

The pictures are in `var/pictures/` (1280 and 390 pixels, light and dark) for people to look at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Page, ViewportSize

from audit.models import LogEntry
from tests.browser.conftest import Complaints, Enter, Open, Pay
from tests.browser.test_refund import open_refund, send

pytestmark = pytest.mark.browser

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
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


def pictures() -> Path:
    folder = Path(settings.BASE_DIR) / "var" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def look(page: Page, name: str) -> list[str]:
    """What is wrong with the page that is open, in both themes and both widths."""
    faults = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size(WIDE)
        for width in (WIDE, NARROW):
            page.set_viewport_size(width)
            page.evaluate(AT_REST)
            size = f"{width['width']}-{theme}"
            # On a phone the colours are those of the desk: one theme tells all.
            is_known = width is NARROW and theme == "dark"
            found = [] if is_known else violations(page)
            faults += [
                f"{name} {size}: {one['id']} {[node['target'] for node in one['nodes']][:4]}"
                for one in found
            ]
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                faults.append(f"{name} {size}: wider than the screen")
            page.screenshot(path=pictures() / f"{name}-{size}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    return faults


def violations(page: Page) -> list[dict[str, Any]]:
    with Complaints.deaf():
        found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return found


def look_at(page: Page, pages: dict[str, str]) -> list[str]:
    faults = []
    for name, url in pages.items():
        page.goto(url)
        faults += look(page, name)
    return faults


def test_pages_before_the_sign_in(open_browser: Open) -> None:
    page = open_browser()
    urls = {"sign-in": "/accounts/login/", "forgotten": "/accounts/password/reset/"}
    assert look_at(page, urls) == []


def test_pages_of_an_empty_house(enter: Enter) -> None:
    page = enter("support_lead")
    urls = {"list-empty": "/payments/", "approvals-empty": "/approvals/"}
    assert look_at(page, urls) == []


def test_pages_of_payments(enter: Enter, pay: Pay) -> None:
    payments = [pay(minor) for minor in (1_234, 40_000)]
    pay(9_900, capture_method="manual")
    page = enter("support_agent")
    open_refund(page, payments[1], "12.34")
    send(page)
    page.wait_for_url(f"**/payments/{payments[1].pk}/")
    faults = look(page, "payment-refund-on-its-way")
    urls = {
        "list": "/payments/",
        "list-nothing-found": "/payments/?reference=P-NOWHERE",
        "payment": f"/payments/{payments[0].pk}/",
        "refund-form": f"/payments/{payments[0].pk}/refunds/new/",
        "not-found": "/payments/00000000-0000-4000-8000-000000000000/",
        "forbidden": "/log/",
    }
    faults += look_at(page, urls)
    open_refund(page, payments[0], "99999")
    send(page)
    faults += look(page, "refund-form-refused")
    assert faults == []


def ask_for_approval(enter: Enter, pay: Pay) -> Page:
    payment = pay(40_000)
    agent = enter("support_agent")
    open_refund(agent, payment, "200")
    send(agent)
    agent.get_by_role("link", name="See the request").click()
    return agent


def test_pages_of_approvals(enter: Enter, pay: Pay) -> None:
    agent = ask_for_approval(enter, pay)
    faults = look(agent, "approval-of-oneself")
    lead = enter("support_lead")
    faults += look_at(lead, {"approvals": "/approvals/"})
    lead.get_by_role("table").get_by_role("link", name="R-").first.click()
    faults += look(lead, "approval")
    assert faults == []


def test_pages_of_the_log(enter: Enter, pay: Pay) -> None:
    pay()
    entry = LogEntry.objects.filter(event="payments.capture.succeeded")[0]
    urls = {
        "log": "/log/",
        "log-nothing-found": "/log/?outcome=unknown",
        "log-entry": f"/log/{entry.pk}/",
    }
    assert look_at(enter("auditor"), urls) == []


def test_pages_of_the_administration(enter: Enter) -> None:
    page = enter("access_administrator")
    urls = {
        "admin": "/admin/",
        "admin-people": "/admin/access/user/",
        "admin-roles": "/admin/auth/group/",
        "second-factor": "/accounts/2fa/",
        "sessions": "/accounts/sessions/",
    }
    faults = look_at(page, urls)
    page.goto("/admin/access/user/")
    page.get_by_role("link", name="Adelheid Romero").click()
    faults += look(page, "admin-person")
    assert faults == [], "\n".join(faults)

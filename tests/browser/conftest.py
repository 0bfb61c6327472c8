"""The house as a browser meets it: real pages, real sign-in, a real provider process, a worker.

Collected only where Chromium is found; where it is not, one line at the end says so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.utils import translation
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from audit.actor import acting_as, operator, system
from audit.approvals.models import ApprovalLimit
from audit.outbox.delivery import deliver_due
from config.access.commands import create_person
from config.access.install import make_missing_roles
from config.access.models import User
from config.access.roles import ROLES
from payments.commands.payments import create_payment
from payments.models import Payment, RefundReason
from tests.payments.builders import eur, make_card, make_customer, make_merchant, new_key
from tests.payments.gateways.sandbox.running import Sandbox, running_sandbox

# Playwright keeps an event loop in this thread, which Django takes for a sign of trouble.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

PASSWORD = "quiet harbour 41 lanterns"
NAMES = {
    "support_agent": "Amandine Vasseur",
    "support_lead": "Lorcan Deville",
    "auditor": "Aurelio Brandt",
    "access_administrator": "Adelheid Romero",
}
"""The people of these tests, by their role."""
LIMITS = {"support_agent": 15_000, "support_lead": 250_000}


def find_chromium() -> str | None:
    """Where the browser is: what the environment names, else what the system has."""
    for name in ("CHROMIUM", "CHROMIUM_PATH"):
        if path := os.environ.get(name):
            return path
    commands = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in commands if (path := shutil.which(name))), None)


CHROMIUM = find_chromium()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Nothing without a browser; the pictures only where they are asked for (`make pictures`)."""
    is_asked_for = "PICTURES" in os.environ or not collection_path.name.startswith("test_pictures")
    return None if CHROMIUM and is_asked_for else True


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": arguments}


@pytest.fixture(autouse=True)
def _fresh_house(transactional_db: None, settings: Settings) -> Iterator[None]:
    """Counters of tries live in a table that no test empties; roles come back with `migrate`."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    cache.clear()
    ContentType.objects.clear_cache()
    with translation.override("en"), acting_as(operator("test")):
        make_missing_roles()
        for role, limit in LIMITS.items():
            group = Group.objects.get(name=role)
            ApprovalLimit.objects.create(role=group, currency="EUR", max_minor=limit)
        RefundReason.objects.get_or_create(
            code="requested_by_customer",
            defaults={"label": "Customer changed their mind", "label_fr": "Le client y renonce"},
        )
        yield


@pytest.fixture(scope="session")
def _provider_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("browser") / "store.sqlite3") as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def provider(_provider_process: Sandbox, settings: Settings) -> Sandbox:
    settings.SANDBOX_URL = _provider_process.url
    return _provider_process


def work() -> None:
    """What the worker does: everything in the outbox that is due."""
    with acting_as(system("worker")):
        while deliver_due():
            pass


Pay = Callable[..., Payment]


@pytest.fixture
def pay(_fresh_house: None, provider: Sandbox) -> Pay:
    """`pay(10_000)`: 100.00 EUR, authorized and captured by the provider."""
    made: list[Any] = []

    def make(minor: int = 10_000, **given: Any) -> Payment:
        if not made:
            merchant = make_merchant(name="Atelier Lumen")
            customer = make_customer(merchant)
            made.extend([merchant, customer, make_card(merchant, customer)])
        merchant, customer, card = made
        payment = create_payment(
            merchant_id=merchant.pk,
            customer_id=customer.pk,
            card_id=card.pk,
            amount=eur(minor),
            **{"capture_method": "automatic", "key": new_key(), **given},
        )
        work()
        return Payment.objects.get(pk=payment.pk)

    return make


class Complaints(list[str]):
    """What a browser complained of; HTTP refusals of whole pages are told by the page itself."""

    is_deaf: ClassVar[bool] = False

    @classmethod
    @contextmanager
    def deaf(cls) -> Iterator[None]:
        """While a tool of ours is at work in the page: what it styles is not the page's doing."""
        cls.is_deaf = True
        try:
            yield
        finally:
            cls.is_deaf = False

    def listen(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("response", lambda one: self._answered(one.request, one.status))

    def _said(self, message: ConsoleMessage) -> None:
        is_a_page = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not (is_a_page or self.is_deaf):
            self.append(message.text)

    def _answered(self, request: Request, status: int) -> None:
        if status >= 400 and not request.is_navigation_request():
            self.append(f"{status} {request.url}")


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Nothing in the console, no report of the content policy, nothing that is not there."""
    heard = Complaints()
    yield heard
    assert heard == []


Open = Callable[..., Page]
Enter = Callable[..., Page]


@pytest.fixture
def open_browser(
    new_context: Callable[..., BrowserContext], live_server: LiveServer, complaints: Complaints
) -> Open:
    """A browser of its own, in which nobody is signed in."""

    def make(**options: Any) -> Page:
        given = {"base_url": live_server.url, "locale": "en-GB", "reduced_motion": "reduce"}
        page = new_context(**{**given, **options}).new_page()
        page.set_default_timeout(10_000)
        complaints.listen(page)
        return page

    return make


def hire(role: str) -> User:
    return create_person(
        email=f"{role}@house.test",
        name=NAMES.get(role, ""),
        password=PASSWORD,
        roles=[role] if role in ROLES else [],
    )


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def enter(open_browser: Open) -> Enter:
    """A browser in which somebody with this role has signed in through the page."""

    def make(role: str, **options: Any) -> Page:
        person = hire(role)
        page = open_browser(**options)
        sign_in(page, person.email)
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        return page

    return make


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if CHROMIUM is None:
        terminalreporter.write_line(
            "tests in a browser: NOT RUN, no Chromium was found (set CHROMIUM to its path)"
        )

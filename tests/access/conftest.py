"""People who sign in as people do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from audit.actor import acting_as, operator
from audit.models import LogEntry
from config.access.commands import create_person
from config.access.models import User

PASSWORD = "quiet harbour 41 lanterns"
BROWSER = "Mozilla/5.0 (of a test)"
Hire = Callable[..., User]
SignIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def _addresses(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.access.urls"


@pytest.fixture(autouse=True)
def _nobody_tried_before(request: pytest.FixtureRequest) -> None:
    """The counters of tries live in a table that no test empties."""
    for name in ("transactional_db", "db"):
        if name in request.fixturenames:
            request.getfixturevalue(name)
            cache.clear()
            return


@pytest.fixture
def hire(db: None) -> Hire:
    """Make a person with roles: `hire("ada", "auditor")` is ada@house.test."""

    def make(name: str, *roles: str, superuser: bool = False, staff: bool = False) -> User:
        with acting_as(operator("test")):
            return create_person(
                email=f"{name}@house.test",
                name=name.title(),
                password=PASSWORD,
                roles=roles,
                is_staff=staff or superuser,
                is_superuser=superuser,
            )

    return make


@pytest.fixture
def sign_in() -> SignIn:
    """A browser in which a person signed in through the page."""

    def enter(person: User, password: str = PASSWORD) -> Client:
        browser = Client(headers={"user-agent": BROWSER})
        answer = browser.post(
            "/accounts/login/",
            {"login": person.email, "password": password, "next": "/t/somebody/"},
        )
        assert answer.status_code == 302, answer.content.decode()
        assert answer["Location"] == "/t/somebody/"
        return browser

    return enter


def entries(event: str) -> list[LogEntry]:
    """The entries of an event, oldest first."""
    return list(LogEntry.objects.filter(event=event).order_by("timestamp", "pk"))


def only(event: str) -> LogEntry:
    """The one entry of an event."""
    [entry] = entries(event)
    return entry


def everything_on_record() -> str:
    """The whole log as text, to look for what must not stand in it."""
    columns = [field.attname for field in LogEntry._meta.concrete_fields]
    return "\n".join(str(row) for row in LogEntry.objects.values_list(*columns))

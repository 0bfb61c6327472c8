"""Many accounts at providers, and many rules: page by page, each once."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import guard
from audit.keyset import SIZE
from payments.gateways.models import ConnectorAccount, Route
from payments.gateways.models.routes import scope_of
from tests.audit.people import browser_of, hire
from tests.payments.pages import MOST_QUERIES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("somebody")]
MANY = SIZE + 5
NEXT = re.compile(r'rel="next"\s+href="([^"]+)"')
PAGES = {"/connectors/": r"<strong>(many \d+)</strong>", "/connectors/routing/": r">(X\d\d)</td>"}


@pytest.fixture
def browser() -> Client:
    return browser_of(hire("Carole Noury", "finance_controller"))


@pytest.fixture(autouse=True)
def _many(somebody: object) -> None:
    """Accounts after the house's own, and a rule for each."""
    own = ConnectorAccount.objects.get(connector="sandbox")
    with guard.suspended():
        accounts = ConnectorAccount.objects.bulk_create(
            ConnectorAccount(
                key=f"many {number}",
                fingerprint="",
                connector="sandbox",
                name=f"many {number}",
                created_at=own.created_at + timedelta(minutes=number + 1),
            )
            for number in range(MANY)
        )
        Route.objects.bulk_create(
            Route(
                id=uuid.uuid4(),
                scope=scope_of("", f"X{number:02d}", "", is_live=False),
                currency=f"X{number:02d}",
                first=account,
                changed_at=account.created_at,
            )
            for number, account in enumerate(accounts)
        )


@pytest.mark.parametrize("url", PAGES)
def test_every_row_is_on_one_page(browser: Client, url: str) -> None:
    first = browser.get(url).content.decode()
    onward = NEXT.search(first)
    assert onward is not None
    second = browser.get(onward[1].replace("&amp;", "&")).content.decode()
    assert NEXT.search(second) is None
    shown = [*re.findall(PAGES[url], first), *re.findall(PAGES[url], second)]
    assert len(shown) == len(set(shown)) == MANY


def test_the_houses_own_account_stands_first_and_what_was_changed_last(browser: Client) -> None:
    accounts = browser.get("/connectors/").content.decode()
    assert accounts.index("<strong>Sandbox</strong>") < accounts.index("<strong>many 0</strong>")
    rules = browser.get("/connectors/routing/").content.decode()
    assert f"X{MANY - 1:02d}" in rules
    assert "X00" not in rules


@pytest.mark.parametrize("url", PAGES)
def test_page_asks_few_queries_and_never_an_offset(browser: Client, url: str) -> None:
    browser.get(url)
    with CaptureQueriesContext(connection) as queries:
        browser.get(url)
    assert len(queries) <= MOST_QUERIES
    assert "OFFSET" not in str([one["sql"] for one in queries])

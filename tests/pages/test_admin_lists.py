"""The lists of the administration: filters and searches are answered by an index, whatever grows.

Each admin class has a row with a term to search for; each of its filters is tried with each of its
choices. The plans are SQLite's, which needs no statistics to make them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.pages.conftest import SUPERUSER, Enter, House

TERMS = {
    "access.user": "U-7F3A",
    "auth.group": "support",
    "approvals.approvallimit": "EUR",
    "notes.tag": "call",
    "parties.merchant": "maison",
    "payments.refundreason": "requested",
    "payments.networkterms": "visa",
}
ADMINS = {model._meta.label_lower: one for model, one in admin.site._registry.items()}


def url_of(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


def addresses(browser: Client, label: str) -> Iterator[str]:
    """The list as it opens, searched, and with each choice of each filter."""
    yield ""
    yield f"?q={TERMS[label]}"
    changes = browser.get(url_of(label)).context["cl"]
    for one in changes.filter_specs:
        for choice in one.choices(changes):
            yield choice["query_string"]


def asked(browser: Client, label: str, address: str) -> list[str]:
    """The statements about the list's own table."""
    table = ADMINS[label].model._meta.db_table
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(url_of(label) + address).status_code == 200, address
    selects = [one["sql"] for one in queries if one["sql"].startswith("SELECT")]
    return [sql for sql in selects if f'FROM "{table}"' in sql or "COUNT(" in sql]


def scans_of(sql: str) -> list[str]:
    """The tables that are read whole."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            steps = [row[3] for row in cursor.fetchall()]
            return [one for one in steps if one.startswith("SCAN") and "INDEX" not in one]
        # A table as small as these would be read whole.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        return [row[0] for row in cursor.fetchall() if "Seq Scan on" in row[0]]


def faults_of(sql: str) -> list[str]:
    scans = scans_of(sql)
    # Without a condition, the first thousand rows are the first thousand.
    is_bounded = "WHERE" not in sql and "LIMIT" in sql and "ORDER BY" not in sql
    faults = [] if is_bounded else [one for one in scans if "subquery" not in one]
    if "COUNT(" in sql and "LIMIT" not in sql:
        faults.append("counts all of it")
    if " LIKE " in sql:
        faults.append("asks every row for a part of a text")
    return faults


def test_every_list_has_its_row() -> None:
    assert set(TERMS) == set(ADMINS)
    assert [one for one, told in ADMINS.items() if not told.search_fields] == []
    assert [one for one, told in ADMINS.items() if not told.list_filter] == []


@pytest.mark.parametrize("label", sorted(TERMS))
def test_list_is_answered_by_index(house: House, enter: Enter, label: str) -> None:
    browser = enter(SUPERUSER)
    wrong = []
    for address in addresses(browser, label):
        statements = asked(browser, label, address)
        assert statements, address
        for sql in statements:
            wrong += [f"{address}: {fault}: {sql[:300]}" for fault in faults_of(sql)]
    assert wrong == []


@pytest.mark.parametrize("label", sorted(TERMS))
def test_search_finds_what_begins_so_and_nothing_else(
    house: House, enter: Enter, label: str
) -> None:
    browser = enter(SUPERUSER)
    rows = browser.get(url_of(label) + f"?q={TERMS[label]}").context["cl"].result_list
    all_rows = browser.get(url_of(label)).context["cl"].result_list
    assert len(rows) <= len(all_rows)
    assert not browser.get(url_of(label) + "?q=zzz").context["cl"].result_list


@pytest.mark.parametrize("address", ["?name__icontains=a", "?email__startswith=a", "?password=x"])
def test_address_asks_nothing_but_the_filters(enter: Enter, address: str) -> None:
    browser = enter(SUPERUSER)
    assert browser.get(url_of("access.user") + address).status_code == 400


def test_order_is_the_list_s_own(enter: Enter) -> None:
    browser = enter(SUPERUSER)
    with CaptureQueriesContext(connection) as queries:
        browser.get(url_of("access.user") + "?o=-6.1")
    orders = [one["sql"].partition("ORDER BY ")[2] for one in queries if "last_login" in one["sql"]]
    assert '"access_user"."name" ASC, "access_user"."id" ASC' in orders
    assert not any("last_login" in one for one in orders)


def test_list_counts_no_further_than_its_last_page(
    monkeypatch: pytest.MonkeyPatch, house: House, enter: Enter
) -> None:
    monkeypatch.setattr("audit.admin.MOST_LISTED", 1)
    page = enter(SUPERUSER).get(url_of("access.user")).content.decode()
    assert "The first 1. There are more" in page

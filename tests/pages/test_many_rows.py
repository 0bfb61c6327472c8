"""A page asks as little of the database with many rows behind it as with one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.admin import NEWEST
from config.access.models import User
from tests.browser.gallery import PAGES
from tests.browser.lists import LISTS
from tests.browser.many import fill
from tests.browser.scenes import furnish
from tests.pages.conftest import Enter, House
from tests.payments.pages import MOST_QUERIES

pytestmark = pytest.mark.django_db
MANY = 240
"""More than any page shows."""
SHOWN = [one for one in PAGES if one.name in LISTS and LISTS[one.name].many is None]


def test_pages_ask_as_few_statements_with_many_rows(house: House, enter: Enter) -> None:
    furnish()
    browsers: dict[str, Client] = {role: enter(role) for role in {one.role for one in SHOWN}}
    viewer = User.objects.get(email="support_lead@house.test")
    fill(house, house.colleague, viewer, MANY)
    assert len(SHOWN) > 25
    faults = {}
    for one in SHOWN:
        browser, url = browsers[one.role], one.url(house)
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            answer = browser.get(url)
        if answer.status_code != 200 or len(queries) > MOST_QUERIES:
            faults[one.name] = (answer.status_code, len(queries))
        if any(" OFFSET " in query["sql"] for query in queries):
            faults[f"{one.name}: offset"] = (answer.status_code, len(queries))
    assert faults == {}
    history = next(one for one in SHOWN if one.name == "admin:access_user_history")
    page = browsers[history.role].get(history.url(house)).content.decode()
    assert "What was still earlier stands in the log." in page
    assert page.count('<th scope="row">') == NEWEST

"""The SQLite file is locked for longer than anybody waits: people are told, nothing is done."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from django.db import connection

from tests.kill.business import PASSWORD, Business
from tests.kill.house import standing_house, wait_until
from tests.kill.traffic import Person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.usefixtures("somebody"),
]


def test_a_file_that_is_locked_for_long_is_told_and_nothing_is_done(
    tmp_path: Path, business: Business
) -> None:
    url = f"sqlite:///{connection.settings_dict['NAME']}?timeout=1"
    with standing_house(tmp_path, "sandbox", "web", DATABASE_URL=url) as house:
        house.wait()
        person = Person(house.url, business.emails[0], PASSWORD, "0")
        wait_until(person.sign_in, "signed in")
        lock = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        try:
            looked = person.browser.get("/payments/")
            asked = person.browser.post(
                "/accounts/login/", data={"login": "x@house.test", "password": "wrong"}
            )
        finally:
            lock.execute("ROLLBACK")
            lock.close()
        assert (looked.status_code, looked.headers["retry-after"]) == (503, "5")
        assert "Nothing was changed" in looked.text
        assert asked.status_code in (403, 503), "without its token, or too busy"
        assert person.browser.get("/payments/").status_code == 200

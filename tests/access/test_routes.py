"""Each page of sign-in and administration says what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

from audit.access import DataClass
from config.access.routes import ROUTES
from config.routes import ROUTES as HOUSE

OURS = ("account_", "mfa_", "usersessions_", "admin:access_", "admin:auth_")


def names(resolver: Any, space: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        if not isinstance(one, URLPattern):
            yield from names(one, one.namespace or space)
        elif one.name:
            yield f"{space}:{one.name}" if space else one.name


def test_every_page_of_sign_in_and_of_people_is_in_the_table() -> None:
    found = {name for name in names(get_resolver("config.urls")) if name.startswith(OURS)}
    assert len(found) > 25
    assert found - set(ROUTES) == set()


def test_table_of_the_house_holds_ours() -> None:
    assert {name: HOUSE.get(name) for name in ROUTES} == ROUTES


def test_looking_at_a_person_is_recorded_and_looking_at_oneself_is_not() -> None:
    assert ROUTES["admin:access_user_change"].data.is_recorded
    assert ROUTES["account_email"].data is DataClass.OWN

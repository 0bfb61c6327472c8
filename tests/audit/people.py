"""People with roles, and their browsers."""

from __future__ import annotations

from django.test import Client

from audit.actor import Actor, acting_as, operator
from config.access import snapshot
from config.access.commands import create_person
from config.access.models import User

PASSWORD = "quiet harbour 41 lanterns"


def hire(name: str, *roles: str) -> User:
    """`hire("Ada Lund", "auditor")` is ada@house.test."""
    with acting_as(operator("test")):
        return create_person(
            email=f"{name.split(maxsplit=1)[0].lower()}@house.test",
            name=name,
            password=PASSWORD,
            roles=roles,
        )


def browser_of(person: User) -> Client:
    """A browser in which the person is signed in."""
    browser = Client()
    with acting_as(operator("test")):
        browser.force_login(person)
    return browser


def as_actor(person: User) -> Actor:
    """The person as he acts now."""
    return snapshot.person(User.objects.get(pk=person.pk))

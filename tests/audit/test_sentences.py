"""The record in the words of people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.utils import translation

from audit import command
from audit.models import LogEntry
from audit.reading import find_by_reference, get_reading, object_name
from config.routes import ROUTES
from tests.audit.people import hire


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def test_every_command_of_the_house_has_a_sentence() -> None:
    known = get_reading().events
    ours = ("audit.", "config.", "disputes.", "payments.")
    silent = [
        event
        for event, run in command.registry.items()
        if event not in known and run.__module__.startswith(ours)
    ]
    assert silent == []


def test_every_look_that_is_on_record_has_a_sentence() -> None:
    known = get_reading().events
    events = [
        f"access.{name.replace(':', '.')}" for name, one in ROUTES.items() if one.data.is_recorded
    ]
    assert len(events) > 50
    assert [event for event in events if event not in known] == []


@pytest.mark.django_db
def test_what_an_entry_is_about_is_named_as_people_call_it() -> None:
    role, session = (ContentType.objects.get_for_model(model) for model in (Group, UserSession))
    named: dict[str, dict[str, Any]] = {
        "support lead": {"content_type": role, "object_pk": "3", "object_repr": "support_lead"},
        "7": {
            "content_type": session,
            "object_pk": "7",
            "object_repr": "usersessions.usersession 7",
        },
        "P-1": {"content_type": None, "object_pk": "1", "object_repr": "P-1"},
        "9": {"content_type": role, "object_pk": "9", "object_repr": ""},
    }
    assert {object_name(LogEntry(**facts)) for facts in named.values()} == set(named)


@pytest.mark.django_db
def test_a_person_is_found_by_the_whole_reference_alone() -> None:
    person = hire("Ada Lund", "auditor")
    assert find_by_reference(person.reference) == person
    assert find_by_reference(person.reference.lower()) == person
    for text in (person.reference[:-1], f"{person.reference}0", "U-", "U-nothing!"):
        assert find_by_reference(text) is None

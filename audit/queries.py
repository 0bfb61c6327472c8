"""Reading the log. The order is by the database's clock, newest first; nothing is ever counted."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit import modes
from audit.actor import Actor
from audit.errors import Kind, Refusal
from audit.models import LogEntry, Outcome
from audit.reading import (
    Target,
    find_by_reference,
    get_reading,
    page_of_kind,
    sentence_of,
)

MOST_PEOPLE = 100
MOST_FOUND = 20
LOOKED_BACK = 150


@dataclass(frozen=True, slots=True)
class Touched:
    """Something a person looked at or changed: what it is called, its page, and what was last."""

    pk: str
    words: str
    event: str
    at: datetime
    url: str
    is_live: bool | None = None
    """The mode of what has one."""

    @property
    def sentence(self) -> str:
        return sentence_of(self.event)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; nothing set is everything. `since` and `until` are half-open."""

    person: uuid.UUID | None = None
    target: Target | None = None
    event: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    request: str = ""


def list_entries(wanted: Wanted) -> QuerySet[LogEntry]:
    """The entries that fit, each with who and what kind of object; the caller orders and pages.

    Person, object, event and request have an index each that ends with the time; outcome narrows
    what those found.
    """
    found = LogEntry.objects.select_related("actor", "content_type")
    if wanted.person:
        found = found.filter(actor=wanted.person)
    if wanted.target:
        found = found.filter(content_type__in=wanted.target.kinds, object_pk=wanted.target.pk)
    if wanted.event:
        found = found.filter(_is_event(wanted.event))
    if wanted.outcome:
        found = found.filter(outcome=wanted.outcome)
    if wanted.since:
        found = found.filter(timestamp__gte=wanted.since)
    if wanted.until:
        found = found.filter(timestamp__lt=wanted.until)
    if wanted.request:
        found = found.filter(cid=wanted.request)
    rows: QuerySet[LogEntry] = found
    return rows


def _is_event(event: str) -> Q:
    # A whole code meets its index on every database; a prefix does on CockroachDB.
    if event in get_reading().events:
        return Q(event=event)
    return Q(event__startswith=event)


def get_entry(entry_id: uuid.UUID) -> LogEntry:
    """One entry with who and what kind of object. Raises Refusal (missing). One SELECT."""
    entry: LogEntry | None = (
        LogEntry.objects.select_related("actor", "content_type").filter(pk=entry_id).first()
    )
    if entry is None:
        raise Refusal("log.no_such_entry", _("There is no such entry."), Kind.MISSING)
    return entry


def list_people() -> QuerySet[Any]:
    """The people one can choose from, by name; more than these are found by a search."""
    return get_user_model()._default_manager.order_by("name", "pk")[:MOST_PEOPLE]


def list_named(ids: list[uuid.UUID]) -> QuerySet[Any]:
    """People by their ids, by name."""
    rows = get_user_model()._default_manager.filter(pk__in=ids[:MOST_FOUND])
    return rows.order_by("name", "pk")


def find_people(text: str) -> list[Any]:
    """People by reference, by whole address, or by a part of their name: twenty, and one to tell
    that there are more. Two SELECTs at most."""
    model = get_user_model()
    found = find_by_reference(text)
    if isinstance(found, model):
        return [found]
    fits = Q(email=text.lower()) if "@" in text else Q(name__icontains=text)
    return list(model._default_manager.filter(fits).order_by("name", "pk")[: MOST_FOUND + 1])


def list_touched(actor: Actor, limit: int = 8) -> list[Touched]:
    """The last things that `actor` opened or changed and may still open, the latest first.

    One SELECT of his latest 150 entries, by their index; each thing once, with what was done last.
    One more for the modes of those that have one.
    """
    if actor.user_id is None:
        return []
    rows = (
        LogEntry.objects.filter(actor=actor.user_id, outcome=Outcome.DONE)
        .order_by("-timestamp", "-pk")
        .values_list(
            "content_type__app_label",
            "content_type__model",
            "object_pk",
            "object_repr",
            "event",
            "timestamp",
        )
    )
    found: dict[tuple[str, str], Touched] = {}
    for app, model, pk, words, event, at in rows[:LOOKED_BACK]:
        kind = f"{app}.{model}"
        # A sign-in is an entry about oneself: nobody comes back to that.
        is_there = pk and pk != str(actor.user_id)
        url = page_of_kind(kind, pk, actor) if is_there else None
        if url is not None and len(found) < limit:
            found.setdefault((kind, pk), Touched(pk, words, event, at, url))
    marked = modes.find(found)
    return [replace(one, is_live=marked.get(key)) for key, one in found.items()]

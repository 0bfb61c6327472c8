"""One box finds everything: the table of what a term may be, and by which index each is found.

The apps fill the table in `ready()`. A kind first reads the term without asking the database:
what the term cannot be is not looked for. A term that may be two things is looked for as both.
Nothing here searches by a part of a word: every kind has its index, and asks for a few rows.
"""

from __future__ import annotations

import json
import logging
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, models

from audit.actor import Actor
from audit.command import tidy_connection
from audit.encryption import DecryptionFailed, seal_secret, unseal_secret
from audit.patience import at_most, was_cut_off

logger = logging.getLogger(__name__)

LONGEST_TERM = 120
MOST = 20
"""Hits shown of a kind; one more is asked for, to know whether there are others."""
STATEMENT_S = 3.0
SEARCH_S = 6.0
"""A kind that is not begun by then is left out, in words."""
TICKET_LIFE = timedelta(hours=12)

_DASHES = re.compile("[\u2010-\u2015\u2212]")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found. `facts` are what its row shows beside it, masked where personal."""

    obj: models.Model
    url: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SearchKind:
    """What a term may be.

    `read` answers what to look by, None when the term cannot be this; it asks no database.
    `find` answers at most so many hits, newest first, by `index`. `template` draws them. A kind
    that is `exact` names one thing, whichever mode it is of: when it is the only hit, the search
    goes straight there. Of what a term only fits, `find` answers what is of the mode asked for
    (its third argument: live). `advice` says how to find fewer.
    """

    code: str
    label: Any
    heading: Any
    example: str
    index: str
    permission: str
    read: Callable[[str], Any]
    find: Callable[[Any, int, bool], Sequence[Hit]]
    template: str
    exact: bool = True
    advice: Any = ""


kinds: dict[str, SearchKind] = {}
"""The table, in the order in which groups are shown."""


def add_kinds(some: Iterable[SearchKind]) -> None:
    """Called by an app in its `ready()`."""
    kinds.update({kind.code: kind for kind in some})


def kinds_for(actor: Actor) -> list[SearchKind]:
    """What this person may look for."""
    return [kind for kind in kinds.values() if actor.may(kind.permission)]


def plain(term: str) -> str:
    """A term as references and numbers are written: one form, plain dashes, single blanks."""
    shown = "".join(sign for sign in term if unicodedata.category(sign) != "Cf")
    one_form = unicodedata.normalize("NFKC", shown)
    return _BLANKS.sub(" ", _DASHES.sub("-", one_form)).strip()


@dataclass(frozen=True, slots=True)
class Group:
    """What one kind found. `is_slow` and `has_failed`: it was not looked for to the end."""

    kind: SearchKind
    hits: Sequence[Hit] = ()
    has_more: bool = False
    is_slow: bool = False
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """All that a search found, by kind; `asked` are the kinds that the term may be."""

    asked: Sequence[SearchKind]
    groups: Sequence[Group]

    @property
    def hits(self) -> list[Hit]:
        return [hit for group in self.groups for hit in group.hits]

    @property
    def objects(self) -> list[models.Model]:
        """What was found, each once."""
        return list({(type(hit.obj), hit.obj.pk): hit.obj for hit in self.hits}.values())

    @property
    def shown(self) -> list[Group]:
        return [group for group in self.groups if group.hits]

    @property
    def slow(self) -> list[Group]:
        return [group for group in self.groups if group.is_slow]

    @property
    def failed(self) -> list[Group]:
        return [group for group in self.groups if group.has_failed]

    @property
    def asked_labels(self) -> str:
        return _labels(self.asked)

    @property
    def slow_labels(self) -> str:
        return _labels(group.kind for group in self.slow)

    @property
    def failed_labels(self) -> str:
        return _labels(group.kind for group in self.failed)

    @property
    def the_one(self) -> Hit | None:
        """The only hit, when its kind names one thing and all kinds were looked for."""
        if self.slow or self.failed or len({hit.url for hit in self.hits}) != 1:
            return None
        return next((one.hits[0] for one in self.shown if one.kind.exact), None)


def _labels(some: Iterable[SearchKind]) -> str:
    return ", ".join(str(kind.label) for kind in some)


def search(term: str, actor: Actor, *, is_live: bool) -> Found:
    """Look for a tidy term as everything it may be and `actor` may see.

    One to four SELECTs for a kind that the term fits, none for the others. Never raises for a
    database that is slow or away: the group says so.
    """
    asked = [(kind, key) for kind in kinds_for(actor) if (key := kind.read(term)) is not None]
    deadline = time.monotonic() + SEARCH_S
    try:
        with at_most(STATEMENT_S):
            groups = [_look(kind, key, deadline, is_live=is_live) for kind, key in asked]
    except (DatabaseError, InterfaceError):
        groups = [Group(kind, has_failed=True) for kind, _key in asked]
    return Found([kind for kind, _key in asked], groups)


def _look(kind: SearchKind, key: Any, deadline: float, *, is_live: bool) -> Group:
    if time.monotonic() > deadline:
        return Group(kind, is_slow=True)
    try:
        hits = list(kind.find(key, MOST + 1, is_live))
    except (DatabaseError, InterfaceError) as error:
        # The text of the error may quote what was looked for.
        logger.warning("search by %s: %s", kind.code, type(error).__name__)
        is_slow = was_cut_off(error)
        tidy_connection()
        return Group(kind, is_slow=is_slow, has_failed=not is_slow)
    return Group(kind, hits[:MOST], has_more=len(hits) > MOST)


def seal_term(term: str, actor: Actor, now: datetime) -> str:
    """A term as it may stand in an address: readable by us, for this person, for half a day."""
    text = json.dumps([term, int(now.timestamp())])
    return seal_secret(text, place=_place(actor))


def open_term(ticket: str, actor: Actor, now: datetime) -> str | None:
    """The term again; None when the ticket is another person's, too old, or none of ours."""
    try:
        term, sealed_at = json.loads(unseal_secret(ticket, place=_place(actor)))
    except (DecryptionFailed, UnicodeError):
        return None
    age = now.timestamp() - sealed_at
    return str(term) if age <= TICKET_LIFE.total_seconds() else None


def _place(actor: Actor) -> str:
    return f"search:{actor.user_id}"

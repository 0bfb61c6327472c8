"""Who is at an object right now. Kept in the shared cache, gone by itself, on no record: it says
where a colleague looks at this moment, and nothing of what is looked at."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from audit import clock, outcomes

HERE = "here"
DOING: dict[str, Any] = {
    HERE: _("%(name)s is on this page since %(since)s"),
    "refund": _("%(name)s is filling in a refund since %(since)s"),
    "decision": _("%(name)s is deciding since %(since)s"),
    "correction": _("%(name)s is filling in a correction since %(since)s"),
}
"""What somebody may be at, the least of it first."""
MOST = 50
BEATS = 3
"""After so many polls without a word somebody is gone."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One page that a colleague has open."""

    person: str
    name: str
    doing: str
    since: datetime
    last: datetime

    @property
    def words(self) -> Any:
        return DOING[self.doing]

    @property
    def is_warning(self) -> bool:
        """Whether two people are about to do the same thing."""
        return self.doing != HERE


def list_others(kind: str, subject_id: uuid.UUID, person: Any) -> list[Beat]:
    """The colleagues who are at an object, the one who is at the most first. One SELECT."""
    return _others(_alive(_read(kind, subject_id)), person)


def beat(kind: str, subject_id: uuid.UUID, person: Any, name: str, doing: str) -> list[Beat]:
    """Say that somebody is at an object; answers who else is."""
    now = clock.now()
    beats = _alive(_read(kind, subject_id))
    mine = next((one for one in beats if _is_page(one, person, doing)), None)
    kept = [one for one in beats if one is not mine]
    since = mine.since if mine else now
    _write(kind, subject_id, [*kept, Beat(str(person), name, doing, since, now)])
    return _others(kept, person)


def leave(kind: str, subject_id: uuid.UUID, person: Any, doing: str) -> None:
    """Say that somebody has gone. Who says nothing is gone a little later."""
    beats = _read(kind, subject_id)
    _write(kind, subject_id, [one for one in beats if not _is_page(one, person, doing)])


def _is_page(one: Beat, person: Any, doing: str) -> bool:
    return one.person == str(person) and one.doing == doing


def _others(beats: Iterable[Beat], person: Any) -> list[Beat]:
    """One for each colleague: of two pages that he has open, the one with more to it."""
    found: dict[str, Beat] = {}
    ranks = list(DOING)
    for one in sorted(beats, key=lambda one: ranks.index(one.doing)):
        if one.person != str(person):
            found[one.person] = one
    return sorted(found.values(), key=lambda one: (-ranks.index(one.doing), one.since))


def _alive(beats: Iterable[Beat]) -> list[Beat]:
    oldest = clock.now() - timedelta(seconds=BEATS * settings.PRESENCE_POLL_S)
    return [one for one in beats if one.last > oldest]


def _slot(kind: str, subject_id: uuid.UUID) -> str:
    return f"presence:{kind}:{subject_id}"


def _read(kind: str, subject_id: uuid.UUID) -> list[Beat]:
    return list(cache.get(_slot(kind, subject_id), ()))


def _write(kind: str, subject_id: uuid.UUID, beats: list[Beat]) -> None:
    slot = _slot(kind, subject_id)
    try:
        cache.set(slot, beats[-MOST:], timeout=BEATS * settings.PRESENCE_POLL_S)
    except DatabaseError as error:
        # Another one's word came at the same moment: ours comes again with the next poll.
        if outcomes.of(error) is not outcomes.Ending.CONFLICT:
            raise

"""What needs a person: lists that apps fill, read together in ONE statement.

An app registers a `Need` in its `AppConfig.ready()`: who it is for, and which rows wait. However
many there are, a page that shows them costs one SELECT (and whatever a need itself has to look
up). Counts are capped: nobody works through more than these today.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, CharField, F, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor

MOST = 25
"""So many rows of a need are fetched: beyond it the page says "25+"."""
SHOWN = 5
SINCE = _("Since")
COLUMNS = ("need_code", "need_target", "need_words", "need_at", "need_minor", "need_currency")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row that waits: `target` is the key of the page it opens, `words` a public reference.

    `currency` is empty for what has no amount.
    """

    target: uuid.UUID
    words: Any
    since: datetime
    minor: int
    currency: str
    url: str

    @property
    def pk(self) -> uuid.UUID:
        return self.target


@dataclass(frozen=True, slots=True)
class Need:
    """One list. `permissions`: all of them are needed to see it. `rows` answers querysets of the
    shape of `shaped()`, of live data or of tests where there are both (its third argument: live).
    `url` leads from a row's target to its page, `all_url` to the whole list.
    """

    code: str
    label: Any
    icon: str
    permissions: Sequence[str]
    rows: Callable[[Actor, datetime, bool], Iterable[QuerySet[Any, Any]]]
    url: Callable[[uuid.UUID], str]
    all_url: Callable[[], str | None] = lambda: None
    when: Any = SINCE
    place: int = 50
    say: Callable[[str], Any] = str
    """`when` says what the moment of its rows is; those with a lower `place` come first; `say` puts
    a row's words into the language of whoever reads them.
    """

    def is_for(self, actor: Actor) -> bool:
        return all(actor.may(one) for one in self.permissions)


@dataclass(frozen=True, slots=True)
class Pile:
    """A need with what waits, oldest first. `count` is at most `MOST`."""

    need: Need
    rows: Sequence[Waiting]
    count: int
    is_capped: bool
    all_url: str | None


registry: dict[str, Need] = {}
"""Every need by its code."""


def register(need: Need) -> None:
    """Have the home page of whoever it is for show this need."""
    registry[need.code] = need


def shaped(
    rows: QuerySet[Any],
    *,
    words: Any,
    since: str,
    target: str = "pk",
    minor: str = "",
    currency: str = "",
) -> Any:
    """The oldest of `rows` in the columns that all needs share; the arguments name its fields
    (`words` may be an expression).

    An index that ends with `since` finds them: no more than `MOST` and one are read.
    """
    oldest = rows.order_by(since, "pk").values("pk")[: MOST + 1]
    text = CharField(max_length=254)
    return (
        rows.model._default_manager.filter(pk__in=oldest)
        .order_by()
        .annotate(
            need_target=F(target),
            need_words=Cast(F(words) if isinstance(words, str) else words, text),
            need_at=F(since),
            need_minor=F(minor) if minor else Cast(Value(0), BigIntegerField()),
            need_currency=Cast(F(currency) if currency else Value(""), text),
        )
    )


def collect(actor: Actor, now: datetime, *, is_live: bool) -> list[Pile]:
    """What waits for `actor`, in order of their place; a need without rows is left out.

    One SELECT for all needs together, and what their own `rows` look up.
    """
    mine = [need for need in registry.values() if need.is_for(actor)]
    mine.sort(key=lambda need: need.place)
    found: dict[str, list[Waiting]] = {need.code: [] for need in mine}
    branches = [_coded(need, rows) for need in mine for rows in need.rows(actor, now, is_live)]
    for code, target, words, since, minor, currency in _read(branches):
        need = registry[code]
        url = need.url(target)
        found[code].append(Waiting(target, need.say(words), since, int(minor), currency, url))
    return [_pile(need, found[need.code]) for need in mine if found[need.code]]


def _coded(need: Need, rows: QuerySet[Any, Any]) -> Any:
    code = Cast(Value(need.code), CharField(max_length=40))
    return rows.annotate(need_code=code).values_list(*COLUMNS)


def _read(branches: Sequence[QuerySet[Any, Any]]) -> Iterable[tuple[Any, ...]]:
    if not branches:
        return []
    first, *others = branches
    return first.union(*others, all=True) if others else first


def _pile(need: Need, rows: list[Waiting]) -> Pile:
    rows.sort(key=lambda one: (one.since, str(one.target)))
    return Pile(need, rows[:SHOWN], min(len(rows), MOST), len(rows) > MOST, need.all_url())

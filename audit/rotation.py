"""A new key in the keyring: everything that the old ones wrapped or sealed, under the new one.

Each app says what of its own is sealed directly under the keyring (`register`). Rows are read by
key, renewed outside of any transaction, and put in place one batch at a time, each only if it is
still what was read: people may work meanwhile, and a rotation that was killed goes on by beginning
anew, as what is renewed already is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from audit import files
from audit.cipher import DecryptionFailed, key_id_of
from audit.command import command
from audit.encryption import rewrap, seal_secret, unseal_secret
from audit.keyring import key_provider
from audit.work import Work

BATCH = 200
EVENT = "audit.keys.rotated"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column that holds what the keyring opens.

    `tokens` are the sealed texts in a value, `renew` is the value under the current key, and
    `settle` cleans up behind a row: called with the value that is not needed any more.
    """

    name: str
    model: type[models.Model]
    column: str
    tokens: Callable[[Any], list[str]]
    renew: Callable[[models.Model], Any]
    settle: Callable[[Any], None] = lambda _value: None


registry: dict[str, Sealed] = {}
"""Everything that is sealed under the keyring itself, by its name."""


def register(sealed: Sealed) -> None:
    """Have `manage.py rotate_keys` renew a column."""
    registry[sealed.name] = sealed


def register_wrapped(name: str, model: type[models.Model], column: str) -> None:
    """A column of data keys; what they seal stays as it is."""
    register(Sealed(name, model, column, _texts, lambda row: rewrap(getattr(row, column))))


def register_secret(
    name: str, model: type[models.Model], column: str, place: Callable[[Any], str]
) -> None:
    """A column of `seal_secret`; `place` is what a row's text is bound to."""

    def renew(row: models.Model) -> str:
        at = place(row)
        return seal_secret(unseal_secret(getattr(row, column), place=at), place=at)

    register(Sealed(name, model, column, _texts, renew))


def register_file(name: str, model: type[models.Model], column: str) -> None:
    """A column of names of private files; a renewed file has another name."""
    register(
        Sealed(
            name,
            model,
            column,
            _tokens_of_file,
            lambda row: files.renewed(getattr(row, column)),
            settle=files.remove,
        )
    )


def _texts(value: str) -> list[str]:
    return [value] if value else []


def _tokens_of_file(name: str) -> list[str]:
    try:
        return [files.token_of(name)] if name else []
    except FileNotFoundError:
        # Its time was over.
        return []


@dataclass(slots=True)
class Progress:
    """How far it is with one column."""

    name: str
    total: int
    seen: int = 0
    renewed: int = 0
    unreadable: int = 0


def rotate(sealed: Sealed, *, size: int = BATCH) -> Iterator[Progress]:
    """Renew a column, yielding after each batch. One SELECT, and one command if any is old.

    What does not open is counted and left: it is `verify`'s and the operator's to know.
    """
    rows = sealed.model._default_manager.order_by("pk")
    progress = Progress(sealed.name, rows.count())
    after: Any = None
    while True:
        page = list((rows if after is None else rows.filter(pk__gt=after))[:size])
        if not page:
            return
        after = page[-1].pk
        progress.seen += len(page)
        _renew_page(sealed, page, progress)
        yield progress


def _renew_page(sealed: Sealed, page: list[models.Model], progress: Progress) -> None:
    current = key_provider().current_id
    renewed: dict[str, tuple[Any, Any]] = {}
    for row in page:
        value = getattr(row, sealed.column)
        try:
            if any(key_id_of(token) != current for token in sealed.tokens(value)):
                renewed[str(row.pk)] = value, sealed.renew(row)
        except DecryptionFailed:
            progress.unreadable += 1
    if not renewed:
        return
    placed = set(put_in_place(name=sealed.name, renewed=renewed))
    progress.renewed += len(placed)
    for pk, (old, new) in renewed.items():
        sealed.settle(old if pk in placed else new)


@command(EVENT)
def put_in_place(work: Work, *, name: str, renewed: Mapping[str, tuple[Any, Any]]) -> list[str]:
    """Put renewed values in place, `{key of the row: (what was read, what it is now)}`.

    A row that has changed meanwhile is left alone. Answers the keys of the others. A repeat does
    nothing. One SELECT, one statement or a few to write, one entry for the batch.
    """
    sealed = registry[name]
    placed = []
    for row in work.load(sealed.model._default_manager.filter(pk__in=renewed).order_by("pk")):
        old, new = renewed[str(row.pk)]
        if getattr(row, sealed.column) == old:
            work.change(row, **{sealed.column: new})
            placed.append(str(row.pk))
    if placed:
        data = {"what": name, "rows": len(placed), "key": key_provider().current_id}
        work.record(EVENT, data=data)
    return placed


def keys_in_use(sealed: Sealed, *, size: int = 1000) -> dict[str, int]:
    """How many texts of a column are under which key. Reads all of it, by key."""
    found: dict[str, int] = {}
    rows = sealed.model._default_manager.order_by("pk").values_list("pk", sealed.column)
    after: Any = None
    while page := list((rows if after is None else rows.filter(pk__gt=after))[:size]):
        after = page[-1][0]
        for _pk, value in page:
            for token in _readable(sealed, value):
                found[token] = found.get(token, 0) + 1
    return found


def _readable(sealed: Sealed, value: Any) -> list[str]:
    try:
        return [key_id_of(token) for token in sealed.tokens(value)]
    except DecryptionFailed:
        return []

"""Reading notes and tags of an object."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Case,
    F,
    FilteredRelation,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from audit import files, keyset
from audit.actor import Actor
from audit.cipher import unlock
from audit.data_keys import find_data_keys, open_data_keys, select_data_keys
from audit.encryption import DataKey, unseal
from audit.errors import Kind, Refusal
from audit.keyset import Page, Place
from audit.notes import policy
from audit.notes.models import Note, Tag, Tagging, place_of
from audit.together import together

MOST = 200
"""So many notes the story of an object is told from; all are on the pages of its board."""
MOST_TAGS = 100
"""So many tags are offered, in the administrators' order."""
SHOWN = 10
"""So many notes a panel shows; the rest has a page of its own."""


@dataclass(frozen=True, slots=True)
class Words:
    """A note as it is read. `text` is None when the person's data were erased."""

    note: Note
    text: str | None
    earlier: Sequence[Words]
    """What it corrects, the latest first."""
    file_name: str = ""
    may_correct: bool = False
    may_hide: bool = False


@dataclass(frozen=True, slots=True)
class TagChoice:
    """A tag that is on the object, or may be put on it."""

    tag: Tag
    is_on: bool


@dataclass(frozen=True, slots=True)
class Board:
    """What colleagues left on an object: notes, newest first, and tags."""

    kind: str
    subject_id: uuid.UUID
    notes: Sequence[Words]
    tags: Sequence[TagChoice]
    rows: Sequence[Note | Tagging]
    """What the story of the object is told from."""
    may_write: bool
    tags_are_cut: bool = False

    @property
    def latest(self) -> Sequence[Words]:
        """What a panel shows."""
        return self.notes[:SHOWN]

    @property
    def has_older(self) -> bool:
        return len(self.notes) > SHOWN

    @property
    def tags_on(self) -> list[Tag]:
        return [one.tag for one in self.tags if one.is_on]

    @property
    def tags_off(self) -> list[Tag]:
        return [one.tag for one in self.tags if not one.is_on]

    @property
    def texts(self) -> dict[uuid.UUID, str | None]:
        """What each note says, by its id; hidden ones are not in it."""
        shown = [*self.notes, *(one for words in self.notes for one in words.earlier)]
        return {words.note.pk: words.text for words in shown}


def get_board(kind: str, subject_id: uuid.UUID, actor: Actor) -> Board:
    """The notes and tags of an object as `actor` may see them. One SELECT."""
    return make_board(kind, subject_id, actor, together(*select_board(kind, subject_id)))


def select_board(kind: str, subject_id: uuid.UUID) -> list[QuerySet[Any, Any]]:
    """The SELECTs that `make_board` wants, to be read together with whatever else a page needs."""
    notes = _notes_of(kind, subject_id)
    return [
        notes.select_related("author").order_by("-made_at", "-pk")[:MOST],
        *_select_beside_notes(kind, subject_id),
    ]


def _notes_of(kind: str, subject_id: uuid.UUID) -> QuerySet[Note]:
    return Note.objects.filter(subject_id=subject_id, kind=kind)


def _select_beside_notes(kind: str, subject_id: uuid.UUID) -> list[QuerySet[Any, Any]]:
    """Whose keys open the notes, and the tags: those that the object has or had, then the others
    that are offered."""
    here = FilteredRelation("taggings", condition=Q(taggings__subject_id=subject_id))
    tags = Tag.objects.annotate(here=here).annotate(
        tagging_id=F("here__id"),
        is_on=Coalesce(F("here__is_on"), Value(value=False)),
        rank=Case(
            When(here__id__isnull=False, then=0),
            When(is_active=True, then=1),
            default=2,
            output_field=IntegerField(),
        ),
    )
    return [
        select_data_keys(_notes_of(kind, subject_id).order_by().values("holder_id")),
        tags.order_by("rank", "position", "code")[: MOST_TAGS + 1],
    ]


BOARD = 3
"""So many lists make a board."""


def make_board(kind: str, subject_id: uuid.UUID, actor: Actor, read: Sequence[list[Any]]) -> Board:
    """The board of what `select_board` found, as `actor` may see it. No queries."""
    notes, keys, tags = read
    return _make(kind, subject_id, actor, notes, _as_read(notes, open_data_keys(keys), actor), tags)


def _make(
    kind: str,
    subject_id: uuid.UUID,
    actor: Actor,
    notes: Sequence[Note],
    words: Sequence[Words],
    tags: Sequence[Any],
) -> Board:
    choices, taggings = _as_put(kind, subject_id, tags[:MOST_TAGS])
    return Board(
        kind=kind,
        subject_id=subject_id,
        notes=words,
        tags=choices,
        rows=[*notes, *taggings],
        may_write=policy.may_write(actor),
        tags_are_cut=len(tags) > MOST_TAGS,
    )


def get_board_page(
    kind: str, subject_id: uuid.UUID, actor: Actor, place: Place
) -> tuple[Board, Page[Note]]:
    """One page of all the notes of an object, with its tags. Three SELECTs; one more for each time
    a note was corrected whose first words are on another page."""
    rows = _notes_of(kind, subject_id).select_related("author")
    page = keyset.take(rows, place, by="made_at", descending=True)
    keys, tags = together(*_select_beside_notes(kind, subject_id))
    words = _as_read(page.rows, open_data_keys(keys), actor, _beside(page.rows))
    return _make(kind, subject_id, actor, page.rows, words, tags), page


def find_words(note: Note, actor: Actor) -> Words | None:
    """A note as it is read; None when it was hidden or corrected. Two SELECTs, and more for what it
    corrects."""
    keys = find_data_keys([note.holder_id])
    return next(iter(_as_read([note], keys, actor, _beside([note]))), None)


def _beside(notes: Sequence[Note]) -> list[Note]:
    """What corrected these notes, and what they correct, where it is not among them."""
    found = list(Note.objects.filter(corrects__in=[note.pk for note in notes]).order_by("pk"))
    known = {note.pk for note in notes}
    missing = _corrected(notes) - known
    while missing:
        before = list(Note.objects.filter(pk__in=missing).order_by("pk"))
        found += before
        known |= missing
        missing = _corrected(before) - known
    return found


def _corrected(notes: Iterable[Note]) -> set[uuid.UUID]:
    return {note.corrects_id for note in notes if note.corrects_id is not None}


def _as_read(
    notes: Sequence[Note],
    keys: Mapping[uuid.UUID, DataKey],
    actor: Actor,
    beside: Sequence[Note] = (),
) -> list[Words]:
    """Each note that stands, with what it corrects beneath it."""
    corrected = _corrected((*notes, *beside))
    by_id = {note.pk: note for note in (*notes, *beside)}
    return [
        Words(
            note,
            read_note(note, keys),
            _earlier(note, by_id, keys),
            file_name=read_file_name(note, keys),
            may_correct=policy.may_correct(actor, note),
            may_hide=policy.may_hide(actor, note),
        )
        for note in notes
        if note.hidden_at is None and note.pk not in corrected
    ]


def _earlier(
    note: Note, by_id: Mapping[uuid.UUID, Note], keys: Mapping[uuid.UUID, DataKey]
) -> list[Words]:
    found: list[Words] = []
    while note.corrects_id is not None and note.corrects_id in by_id:
        note = by_id[note.corrects_id]
        found.append(Words(note, read_note(note, keys), ()))
    return found


def read_note(note: Note, keys: Mapping[uuid.UUID, DataKey]) -> str | None:
    """The text in the clear; None when the key that sealed it is gone."""
    key = keys.get(note.holder_id)
    if key is None:
        return None
    return unseal(key, note.text, place=note.place) if note.text else ""


def _as_put(
    kind: str, subject_id: uuid.UUID, tags: Iterable[Any]
) -> tuple[list[TagChoice], list[Tagging]]:
    """The tags that are offered or on the object, and each tagging it ever had."""
    choices, taggings = [], []
    for tag in sorted(tags, key=lambda one: (one.position, one.code)):
        if tag.is_active or tag.is_on:
            choices.append(TagChoice(tag, tag.is_on))
        if tag.tagging_id is not None:
            told = Tagging(id=tag.tagging_id, tag=tag, kind=kind, subject_id=subject_id)
            taggings.append(told)
    return choices, taggings


def get_note(note_id: uuid.UUID) -> Note:
    """One note. Raises a Refusal (missing)."""
    found = Note.objects.filter(pk=note_id).select_related("author").first()
    if found is None:
        raise Refusal("note_missing", _("There is no such note."), Kind.MISSING)
    return found


def list_offered_tags() -> QuerySet[Tag]:
    """The tags that may be put on something, in the administrators' order."""
    return Tag.objects.filter(is_active=True).order_by("position", "code")


def read_file_name(note: Note, keys: Mapping[uuid.UUID, DataKey]) -> str:
    """What the file of a note is called; "" without one, or when the key is gone."""
    key = keys.get(note.holder_id)
    if key is None or not note.file_name:
        return ""
    return unseal(key, note.file_name, place=place_of(note.pk, "file_name"))


def open_file(note: Note) -> tuple[str, bytes]:
    """The name and the content of a note's file. One SELECT, one file read.

    Raises a Refusal (missing): no file, its person erased, hidden, or it never arrived.
    """
    missing = Refusal("file_missing", _("There is no such file."), Kind.MISSING)
    key = find_data_keys([note.holder_id]).get(note.holder_id)
    if key is None or not note.file_stored or note.hidden_at is not None:
        raise missing
    try:
        with files.open_sealed(note.file_stored) as sealed:
            token = sealed.read().decode("ascii")
    except FileNotFoundError:
        raise missing from None
    secret = open_file_key(note, key)
    content = unlock(secret, token, place_of(note.pk, "file").encode())
    return read_file_name(note, {note.holder_id: key}), content


def open_file_key(note: Note, key: DataKey) -> bytes:
    """The key that a note's file is sealed under."""
    return base64.b64decode(unseal(key, note.file_key, place=place_of(note.pk, "file_key")))

"""Writing notes, hiding them, putting tags on and taking them off."""

from __future__ import annotations

import base64
import os
import uuid
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.cipher import KEY_BYTES
from audit.command import command
from audit.encryption import DataKey, seal
from audit.errors import Kind, Refusal
from audit.files import new_name
from audit.notes import policy
from audit.notes.contents import FileFacts
from audit.notes.models import Note, Tag, Tagging, place_of
from audit.notes.steps import open_holder_key
from audit.subjects import Subject, get_subject
from audit.texts import clean_text
from audit.work import Work


def _open_subject(work: Work, kind: str) -> tuple[Subject, uuid.UUID]:
    """The kind of object, and who writes about it."""
    subject = get_subject(kind, work.actor)
    author_id = work.actor.user_id
    if author_id is None or not policy.may_write(work.actor):
        message = _("Your role does not write notes.")
        raise Refusal("note_forbidden", message, Kind.FORBIDDEN)
    return subject, author_id


def _clean(text: str, *, required: bool = True) -> str:
    most = policy.MOST_CHARACTERS
    return clean_text(text, field="text", most=most, required=required, lines=True)


@command("notes.note.added")
def add_note(
    work: Work,
    *,
    kind: str,
    subject_id: uuid.UUID,
    text: str,
    key: str,
    file: FileFacts | None = None,
) -> Note:
    """Write a word about an object. The same key again returns the first note.

    With the facts of a `file` it names the file and makes its key; the caller stores the content
    under it afterwards (`steps.store_file`). Refuses an empty or oversized text (a note with a file
    needs none), control characters and card numbers. Four SELECTs.
    """
    if (done := work.replay(Note)) is not None:
        return done
    subject, author_id = _open_subject(work, kind)
    tidy = _clean(text, required=file is None)
    obj = subject.find(subject_id)
    holder_id, data_key = open_holder_key(work, subject, obj)
    note = _new_note(work, author_id, kind, subject_id, key)
    note.holder_id = holder_id
    note.text = seal(data_key, tidy, place=note.place) if tidy else ""
    if file is not None:
        _name_file(note, data_key, file)
    work.add(note)
    return note


def _name_file(note: Note, data_key: DataKey, file: FileFacts) -> None:
    secret = base64.b64encode(os.urandom(KEY_BYTES)).decode()
    note.file_name = seal(data_key, file.name, place=place_of(note.pk, "file_name"))
    note.file_key = seal(data_key, secret, place=place_of(note.pk, "file_key"))
    note.file_type = file.type
    note.file_size = file.size
    note.file_digest = file.digest
    note.file_stored = new_name("notes")


def _new_note(work: Work, author_id: uuid.UUID, kind: str, subject_id: uuid.UUID, key: str) -> Note:
    return Note(
        key=key,
        fingerprint=work.fingerprint,
        kind=kind,
        subject_id=subject_id,
        author_id=author_id,
        made_at=work.now,
    )


@command("notes.note.corrected")
def correct_note(work: Work, *, note_id: uuid.UUID, text: str, key: str) -> Note:
    """Put other words in the place of one's own note; the first ones stay beneath.

    The same key again returns the same correction. Raises a conflict for a note that was
    corrected meanwhile. Five SELECTs.
    """
    if (done := work.replay(Note)) is not None:
        return done
    first = _load_note(work, note_id)
    subject, author_id = _open_subject(work, first.kind)
    if not policy.may_correct(work.actor, first):
        message = _("Only the author corrects a note that can still be read.")
        raise Refusal("note_not_yours", message, Kind.FORBIDDEN, about=first)
    if Note.objects.filter(corrects=first).exists():
        message = _("This note was corrected already: correct what stands now.")
        raise Refusal("note_corrected", message, Kind.CONFLICT, about=first)
    tidy = _clean(text)
    obj = subject.find(first.subject_id)
    holder_id, data_key = open_holder_key(work, subject, obj)
    note = _new_note(work, author_id, first.kind, first.subject_id, key)
    note.holder_id = holder_id
    note.corrects = first
    note.text = seal(data_key, tidy, place=note.place)
    work.add(note)
    return note


def _load_note(work: Work, note_id: uuid.UUID) -> Note:
    missing = Refusal("note_missing", _("There is no such note."), Kind.MISSING)
    return work.load_one(Note.objects.filter(pk=note_id), missing)


@command("notes.note.hidden")
def hide_note(work: Work, *, note_id: uuid.UUID) -> Note:
    """Put a note away: it is kept and shown no more. A repeat changes nothing."""
    note = _load_note(work, note_id)
    get_subject(note.kind, work.actor)
    if note.hidden_at is not None:
        return note
    if not policy.may_hide(work.actor, note):
        message = _("Only the author, or who may hide the notes of others, hides a note.")
        raise Refusal("note_not_yours", message, Kind.FORBIDDEN, about=note)
    work.change(note, hidden_at=work.now, hidden_by_id=work.actor.user_id)
    return note


@command("notes.note.shown")
def show_note(work: Work, *, note_id: uuid.UUID) -> Note:
    """Bring a hidden note back. A repeat changes nothing."""
    note = _load_note(work, note_id)
    get_subject(note.kind, work.actor)
    if note.hidden_at is None:
        return note
    if not policy.may_show_again(work.actor, note, work.now):
        message = _("The time to take this back is over.")
        raise Refusal("note_stays_hidden", message, Kind.FORBIDDEN, about=note)
    work.change(note, hidden_at=None, hidden_by_id=None)
    return note


@command("notes.tag.put")
def put_tag(work: Work, *, kind: str, subject_id: uuid.UUID, code: str) -> Tagging:
    """Put a tag of the list on an object. A repeat changes nothing."""
    return _set_tag(work, kind, subject_id, code, is_on=True)


@command("notes.tag.taken")
def take_tag(work: Work, *, kind: str, subject_id: uuid.UUID, code: str) -> Tagging:
    """Take a tag off an object. A repeat changes nothing."""
    return _set_tag(work, kind, subject_id, code, is_on=False)


def _set_tag(work: Work, kind: str, subject_id: uuid.UUID, code: str, *, is_on: bool) -> Tagging:
    subject, author_id = _open_subject(work, kind)
    obj = subject.find(subject_id)
    tag = Tag.objects.filter(code=code).first()
    found = work.load(Tagging.objects.filter(subject_id=obj.pk, tag_id=code))
    if tag is None or (is_on and not tag.is_active and not found):
        raise Refusal("tag_missing", _("There is no such tag."), Kind.MISSING, about=obj)
    facts: dict[str, Any] = {"is_on": is_on, "changed_by_id": author_id, "changed_at": work.now}
    if not found:
        tagging = Tagging(tag=tag, kind=kind, subject_id=obj.pk, **facts)
        work.add(tagging)
        return tagging
    if found[0].is_on != is_on:
        work.change(found[0], **facts)
    return found[0]

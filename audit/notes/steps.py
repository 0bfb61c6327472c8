"""The key under which words about an object are sealed, and where a file of a note rests."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit import files
from audit.cipher import lock
from audit.data_keys import find_data_keys
from audit.encryption import DataKey, new_data_key, open_data_key
from audit.errors import Kind, Refusal
from audit.models import SubjectKey
from audit.notes.models import Note, place_of
from audit.notes.queries import open_file_key
from audit.subjects import Subject
from audit.work import Work


def open_holder_key(work: Work, subject: Subject, obj: models.Model) -> tuple[uuid.UUID, DataKey]:
    """Whose key seals what is written about `obj`, and that key.

    It is that of the person whom the object concerns, so that erasing him takes the words with him;
    an object that concerns nobody gets a key of its own with the first word. One SELECT, two for
    an object without a person. Raises a conflict when the person was erased.
    """
    holder = subject.holder(obj)
    if holder is None:
        # Two first words at once wait for each other here, and one of them makes the key.
        work.load(type(obj)._default_manager.filter(pk=obj.pk).select_for_update())
    owner: uuid.UUID = holder or obj.pk
    key = SubjectKey.objects.filter(pk=owner).first()
    if key is None and holder is None:
        fresh, wrapped = new_data_key()
        work.add(SubjectKey(id=owner, wrapped=wrapped))
        return owner, fresh
    if key is None or key.destroyed_at is not None or not key.wrapped:
        message = _("This person's data were erased: nothing can be written about them any more.")
        raise Refusal("holder_erased", message, Kind.CONFLICT, about=obj)
    return owner, open_data_key(key.wrapped)


def store_file(note: Note, content: bytes) -> None:
    """Store the content that a note has named. A repeat finds it there and leaves it.

    Outside of any transaction. One SELECT.
    """
    key = find_data_keys([note.holder_id])[note.holder_id]
    secret = open_file_key(note, key)
    token = lock(secret, "file", content, place_of(note.pk, "file").encode())
    try:
        files.store([token.encode("ascii")], name=note.file_stored)
    except FileExistsError:
        return

"""Who may write, correct and hide. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from audit.actor import Actor
from audit.notes.models import Note

UNDO_FOR = timedelta(minutes=30)
"""So long a hidden note can be brought back by who hid it."""
MOST_CHARACTERS = 2000


def may_write(actor: Actor) -> bool:
    """Whether `actor` writes notes and puts tags on."""
    return actor.user_id is not None and actor.may("notes.add_note")


def may_correct(actor: Actor, note: Note) -> bool:
    """Only the author corrects his words, and only while they can be read."""
    return may_write(actor) and note.author_id == actor.user_id and note.hidden_at is None


def may_hide(actor: Actor, note: Note) -> bool:
    """The author hides his own note; others with a permission of their own."""
    if note.hidden_at is not None:
        return False
    return actor.may("notes.hide_note") or (may_write(actor) and note.author_id == actor.user_id)


def may_show_again(actor: Actor, note: Note, now: datetime) -> bool:
    """Who hid it, for a while; whoever may hide any note, always."""
    if note.hidden_at is None:
        return False
    if actor.may("notes.hide_note"):
        return True
    is_his = actor.user_id is not None and note.hidden_by_id == actor.user_id
    return is_his and now < note.hidden_at + UNDO_FOR

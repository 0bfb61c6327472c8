"""Notes and tags on any page. `{% load notes %}`"""

from __future__ import annotations

import uuid
from typing import Any

from django import template

from audit.actor import current_actor
from audit.keyset import Pager
from audit.notes.forms import NoteForm
from audit.notes.queries import Board, get_board

register = template.Library()


@register.simple_tag
def notes_of(kind: str, subject_id: uuid.UUID) -> Board | None:
    """`{% notes_of "customer" customer.pk as board %}`: None for who may not read notes.

    Three SELECTs at most.
    """
    actor = current_actor()
    return get_board(kind, subject_id, actor) if actor.may("notes.view_note") else None


@register.inclusion_tag("notes/panel.html", takes_context=True)
def notes_panel(
    context: Any, board: Board, form: NoteForm | None = None, pager: Pager | None = None
) -> dict[str, Any]:
    """`{% notes_panel board %}`: the card with tags, the latest notes and a place to write one.

    With a pager it shows all that the board holds.
    """
    return {
        "board": board,
        "notes": board.notes if pager else board.latest,
        "pager": pager,
        "form": form or NoteForm(),
        "csrf_token": context.get("csrf_token"),
    }

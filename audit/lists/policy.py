"""Whose a view is. Pure."""

from __future__ import annotations

from audit.actor import Actor
from audit.lists.models import SavedView


def is_mine(actor: Actor, view: SavedView) -> bool:
    """Whether a view is his own, or that of a team he is in. Whose it is may change it."""
    if view.role:
        return view.role in actor.roles
    return actor.user_id is not None and view.owner_id == actor.user_id

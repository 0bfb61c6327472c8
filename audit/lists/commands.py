"""Saving a view, changing it, removing it, bringing it back; choosing columns."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from audit.card_numbers import find_card_number
from audit.command import command
from audit.errors import Kind, Refusal
from audit.lists.models import ChosenColumns, SavedView
from audit.lists.policy import is_mine
from audit.lists.queries import missing, removed_before
from audit.texts import clean_text
from audit.work import Work

MOST_NAME = 60
MOST_QUERY = 4000


@command("lists.view.saved")
def save_view(
    work: Work,
    *,
    list_code: str,
    name: str,
    query: str,
    columns: Sequence[str],
    key: str,
    role: str = "",
) -> SavedView:
    """Keep filters and columns under a name, for oneself or (`role`) for one's team.

    A repeat with the same key answers the first. Refuses a team he is not in.
    """
    if (done := work.replay(SavedView)) is not None:
        return done
    if work.actor.user_id is None:
        raise Refusal("view_needs_person", _("Only a person keeps views."), Kind.FORBIDDEN)
    if role and role not in work.actor.roles:
        raise Refusal("not_your_team", _("You are not in this team."), Kind.FORBIDDEN)
    view = SavedView(
        key=key,
        fingerprint=work.fingerprint,
        list_code=list_code,
        owner_id=work.actor.user_id,
        role=role,
        name=_checked_name(name),
        query=_checked_query(query),
        columns=list(columns),
        made_at=work.now,
    )
    work.add(view)
    return view


def _checked_name(name: str) -> str:
    return clean_text(name, field="name", most=MOST_NAME, required=True)


def _checked_query(query: str) -> str:
    if len(query) > MOST_QUERY:
        raise Refusal("query_too_long", _("These are more filters than a view keeps."))
    if find_card_number(query):
        raise Refusal("card_number", _("That looks like a card number. Please leave it out."))
    return query


def _load(work: Work, view_id: uuid.UUID) -> SavedView:
    view = work.load_one(SavedView.objects.filter(pk=view_id), missing())
    if not is_mine(work.actor, view):
        raise missing()
    return view


@command("lists.view.renamed")
def rename_view(work: Work, *, view_id: uuid.UUID, name: str) -> SavedView:
    """Give a view another name."""
    view = _load(work, view_id)
    work.change(view, name=_checked_name(name))
    return view


@command("lists.view.changed")
def change_view(work: Work, *, view_id: uuid.UUID, query: str, columns: Sequence[str]) -> SavedView:
    """Have a view keep other filters and columns."""
    view = _load(work, view_id)
    work.change(view, query=_checked_query(query), columns=list(columns))
    return view


@command("lists.view.removed")
def remove_view(work: Work, *, view_id: uuid.UUID) -> SavedView:
    """Take a view away; it can be brought back for a month. A repeat does nothing."""
    view = _load(work, view_id)
    if view.removed_at is None:
        work.change(view, removed_at=work.now)
    return view


@command("lists.view.restored")
def restore_view(work: Work, *, view_id: uuid.UUID) -> SavedView:
    """Bring a removed view back. A repeat does nothing."""
    view = _load(work, view_id)
    if view.removed_at is not None:
        work.change(view, removed_at=None)
    return view


@command("lists.columns.chosen")
def choose_columns(work: Work, *, list_code: str, columns: Sequence[str]) -> ChosenColumns:
    """Remember which columns of a list a person sees."""
    if work.actor.user_id is None:
        raise Refusal("view_needs_person", _("Only a person keeps views."), Kind.FORBIDDEN)
    rows = ChosenColumns.objects.filter(owner_id=work.actor.user_id, list_code=list_code)
    if known := work.load(rows):
        chosen = known[0]
        work.change(chosen, columns=list(columns))
        return chosen
    chosen = ChosenColumns(owner_id=work.actor.user_id, list_code=list_code, columns=list(columns))
    work.add(chosen)
    return chosen


@command("lists.views.tidied")
def tidy_views(work: Work, *, limit: int = 500) -> int:
    """Delete the views that were removed more than a month ago; returns how many."""
    views = work.load(removed_before(work.now, limit))
    for view in views:
        work.remove(view)
    return len(views)

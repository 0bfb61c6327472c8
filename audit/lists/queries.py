"""The views and columns of a person."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.errors import Kind, Refusal
from audit.lists.kinds import ListKind
from audit.lists.models import ChosenColumns, SavedView
from audit.lists.policy import is_mine

RESTORABLE = timedelta(days=30)


def list_views(actor: Actor, kind: ListKind) -> QuerySet[SavedView]:
    """The views of a person and of his teams, newest first; the caller pages."""
    mine = Q(owner_id=actor.user_id, role="")
    rows = SavedView.objects.filter(mine | Q(role__in=actor.roles))
    rows = rows.filter(list_code=kind.code, removed_at=None).select_related("owner")
    return rows.order_by("-made_at", "-pk")


def get_view(actor: Actor, kind: ListKind, view_id: uuid.UUID) -> SavedView:
    """A view that is his or his team's, removed or not; a refusal (missing) for any other."""
    view = find_view(actor, kind, view_id)
    if view is None:
        raise missing()
    return view


def find_view(actor: Actor, kind: ListKind, view_id: uuid.UUID) -> SavedView | None:
    """The same, or None. One SELECT."""
    view = SavedView.objects.filter(pk=view_id, list_code=kind.code).first()
    return view if view is not None and is_mine(actor, view) else None


def missing() -> Refusal:
    return Refusal("view_missing", _("There is no such view."), Kind.MISSING)


def columns_of(actor: Actor, kind: ListKind) -> list[str]:
    """The columns that a person chose, or the usual ones. One SELECT."""
    chosen = ChosenColumns.objects.filter(owner_id=actor.user_id, list_code=kind.code).first()
    return kind.known(chosen.columns if chosen else kind.usual)


def removed_before(now: datetime, limit: int) -> QuerySet[SavedView]:
    """Views removed so long ago that nobody brings them back."""
    rows = SavedView.objects.filter(removed_at__lt=now - RESTORABLE)
    return rows.order_by("removed_at", "pk")[:limit]

"""A list as one person sees it: his columns, his views, and which of them is open."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from audit.actor import Actor
from audit.lists.kinds import ListKind
from audit.lists.models import SavedView
from audit.lists.queries import columns_of, find_view, list_views
from audit.reading import role_label

VIEW, OWN = "view", "own"
"""Words of a list's address: which view is open, and whether one's own columns are shown instead
of those it has."""
OFFERED = 20


@dataclass(frozen=True, slots=True)
class Offered:
    """A view in the menu of a list."""

    name: str
    team: str
    url: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class KeptList:
    """What `lists/bar.html` draws. `query` is the address without the place in it."""

    kind: ListKind
    columns: list[str]
    views: list[Offered]
    has_more: bool
    opened: SavedView | None
    is_changed: bool
    query: str

    @property
    def urls(self) -> dict[str, str]:
        """The pages of the list's views and columns."""
        names = ("columns", "views", "view_new")
        found = {name: reverse(f"{self.kind.namespace}:{name}") for name in names}
        if self.opened is not None:
            route = f"{self.kind.namespace}:view_content"
            found["view_content"] = reverse(route, args=[self.opened.pk])
        return found

    @property
    def choices(self) -> list[dict[str, Any]]:
        """The columns to choose from."""
        return [
            {"name": name, "label": label, "is_chosen": name in self.columns}
            for name, label in self.kind.columns.items()
            if name not in self.kind.fixed
        ]


def keep_list(actor: Actor, kind: ListKind, address: QueryDict) -> KeptList:
    """How a person sees a list at this address. Two SELECTs, three with a view that is not new."""
    query = kind.tidy(address.urlencode())
    views = list(list_views(actor, kind)[: OFFERED + 1])
    opened = _opened(actor, kind, address, views)
    own = columns_of(actor, kind)
    columns = own
    if opened is not None and OWN not in address:
        columns = kind.known(opened.columns)
    is_changed = opened is not None and (
        opened.query != query or kind.known(opened.columns) != columns
    )
    return KeptList(
        kind=kind,
        columns=columns,
        views=[_offered(kind, view, opened) for view in views[:OFFERED]],
        has_more=len(views) > OFFERED,
        opened=opened,
        is_changed=is_changed,
        query=with_view(address, query),
    )


def _opened(
    actor: Actor, kind: ListKind, address: QueryDict, known: list[SavedView]
) -> SavedView | None:
    view_id = read_view(address)
    if view_id is None:
        return None
    found = next((view for view in known if view.pk == view_id), None)
    found = found or find_view(actor, kind, view_id)
    return found if found is not None and found.removed_at is None else None


def _offered(kind: ListKind, view: SavedView, opened: SavedView | None) -> Offered:
    is_open = opened is not None and opened.pk == view.pk
    team = role_label(view.role) if view.role else ""
    return Offered(view.name, team, open_url(kind, view), is_open)


def read_view(address: QueryDict) -> uuid.UUID | None:
    """The view that an address names, if it names one."""
    try:
        return uuid.UUID(address.get(VIEW, ""))
    except ValueError:
        return None


def with_view(address: QueryDict, query: str) -> str:
    """`query` with the view that `address` names, so that other filters do not close it."""
    kept = QueryDict(query, mutable=True)
    if (view_id := read_view(address)) is not None:
        kept[VIEW] = str(view_id)
        if OWN in address:
            kept[OWN] = "1"
    return kept.urlencode()


def address_of(kind: ListKind, query: str, **more: str) -> str:
    """The address of a list with these filters."""
    address = QueryDict(kind.tidy(query), mutable=True)
    address.update(more)
    url = reverse(kind.route)
    return f"{url}?{address.urlencode()}" if address else url


def open_url(kind: ListKind, view: SavedView) -> str:
    """The address at which a view is open."""
    return address_of(kind, view.query, **{VIEW: str(view.pk)})

"""Parts of a page that other apps add: the customer page and the payment page show them.

A lower app owns the page and knows its place; a higher one fills it in `ready()`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.errors import Kind, Refusal

CUSTOMER, PAYMENT = "customer", "payment"
"""The places that there are."""


@dataclass(frozen=True, slots=True)
class About:
    """Whom or what a page is about. `ids` are all the keys that it goes by, its own first."""

    obj: models.Model
    ids: Sequence[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Content:
    """What a panel draws, and the rows among it that its page puts on record as seen."""

    context: Mapping[str, Any]
    rows: Sequence[models.Model] = ()


NOTHING = Content({})


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page, seen only with its `permission`.

    `read` asks for what the template draws. A lazy one is fetched after the page, and is a page of
    its own where there is no script. A bare one brings its own card and heading. One that
    `tells_belongings` is drawn too when what is there is to move to another.
    """

    code: str
    title: Any
    permission: str
    template: str
    read: Callable[[About], Content]
    position: int = 100
    is_lazy: bool = False
    is_aside: bool = False
    is_bare: bool = False
    tells_belongings: bool = False


_places: dict[str, dict[str, Panel]] = {}


def add_panels(place: str, panels: Iterable[Panel]) -> None:
    """Called by an app in its `ready()`."""
    _places.setdefault(place, {}).update({panel.code: panel for panel in panels})


def list_panels(place: str, actor: Actor) -> list[Panel]:
    """The panels of a place that this person may see, in their order."""
    known = _places.get(place, {}).values()
    mine = [panel for panel in known if actor.may(panel.permission)]
    return sorted(mine, key=lambda panel: (panel.position, panel.code))


def get_panel(place: str, code: str) -> Panel:
    """One panel by its code. Raises a Refusal (missing)."""
    panel = _places.get(place, {}).get(code)
    if panel is None:
        raise Refusal("panel_missing", _("There is no such part of this page."), Kind.MISSING)
    return panel


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel with what it shows; nothing is read yet of a lazy one."""

    panel: Panel
    url: str
    content: Content


def draw(about: About, panels: Iterable[Panel], url: Callable[[str], str]) -> list[Drawn]:
    """Panels as a page includes them; `url` makes the address of one from its code."""
    return [
        Drawn(panel, url(panel.code), NOTHING if panel.is_lazy else panel.read(about))
        for panel in panels
    ]


def rows_of(drawn: Iterable[Drawn]) -> list[models.Model]:
    """Everything that these panels show, for the record."""
    return [row for one in drawn for row in one.content.rows]

"""What every page of the desk needs to draw its frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from django.http import HttpRequest
from django.urls import NoReverseMatch, ResolverMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.actor import current_request_id, find_actor
from audit.approvals.models import Approval
from audit.approvals.queries import list_unnoticed
from audit.kept import find_kept
from audit.modes import is_live
from audit.search import kinds


class Person(Protocol):
    @property
    def is_staff(self) -> bool: ...

    def has_perm(self, perm: str) -> bool: ...


@dataclass(frozen=True)
class Entry:
    """A line of the menu. Without a permission it is for everybody who is signed in."""

    label: str | Promise
    route: str
    icon: str
    permission: str = ""
    staff_only: bool = False

    def is_for(self, person: Person) -> bool:
        if self.staff_only:
            return person.is_staff
        return not self.permission or person.has_perm(self.permission)


@dataclass(frozen=True)
class Link:
    """An entry as one person sees it on one page."""

    label: str | Promise
    url: str
    icon: str
    is_current: bool


ENTRIES = (
    Entry(_("Home"), "desk:home", "house"),
    Entry(_("Payments"), "payments:list", "credit-card", "payments.view_payment"),
    Entry(_("Search"), "desk:search", "search", "parties.view_customer"),
    Entry(_("Approvals"), "approvals:inbox", "check-check", "approvals.view_approval"),
    Entry(_("Long work"), "jobs:list", "list-todo", "payments.view_payment"),
    Entry(_("Background work"), "outbox:list", "activity", "outbox.view_message"),
    Entry(_("Provider events"), "gateways:events", "webhook", "gateways.view_inboundevent"),
    Entry(_("Connectors"), "connectors:list", "plug", "gateways.view_connectoraccount"),
    Entry(_("Log"), "log:explorer", "scroll-text", "audit.view_logentry"),
    Entry(_("API keys"), "keys:list", "key-round", "api.view_apikey"),
    Entry(_("Webhooks"), "webhooks:endpoints", "send", "webhooks.view_endpoint"),
    Entry(_("Roles"), "access:matrix", "table", "auth.view_group"),
    Entry(_("Administration"), "admin:index", "settings", staff_only=True),
)


def links(request: HttpRequest) -> list[Link]:
    """The menu of the person who asks. One query at most: the permissions of the session's user."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    match = getattr(request, "resolver_match", None)
    return menu_of(user, match)


def menu_of(person: Person, match: ResolverMatch | None = None) -> list[Link]:
    """The menu of somebody, on the page that `match` found."""
    return [
        Link(entry.label, url, entry.icon, _is_here(entry, match))
        for entry in ENTRIES
        if entry.is_for(person) and (url := find_url(entry.route))
    ]


BELONGS = {"desk:trail": "log:explorer", "desk:role_preview": "access:matrix"}
"""Pages of the desk that are told under an entry of another app."""


def _is_here(entry: Entry, match: ResolverMatch | None) -> bool:
    """Whether the page that is open belongs to an entry: the desk has several of its own."""
    if match is None:
        return False
    if match.view_name in BELONGS:
        return entry.route == BELONGS[match.view_name]
    space, _colon, name = entry.route.partition(":")
    if match.namespace != space:
        return False
    return space != "desk" or (match.url_name == "home") == (name == "home")


def find_search_url(request: HttpRequest) -> str | None:
    """Where the box of the frame sends to, None for who may look for nothing."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    may = any(user.has_perm(kind.permission) for kind in kinds.values())
    return find_url("desk:find") if may else None


def find_mode_url(request: HttpRequest) -> str | None:
    """Where the switch of the frame sends to, None for who sees no payments."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.has_perm("payments.view_payment"):
        return None
    return find_url("desk:mode")


def find_url(route: str) -> str | None:
    """The address of a route, None where an installation does not serve it."""
    try:
        return reverse(route)
    except NoReverseMatch:
        return None


def navigation(request: HttpRequest) -> Mapping[str, object]:
    """Context processor. The menu is computed when a template draws it, so parts pay nothing."""
    return {
        "navigation": partial(links, request),
        "search_url": partial(find_search_url, request),
        "mode_url": partial(find_mode_url, request),
        "desk_is_live": partial(is_live, request),
        "request_id": current_request_id(),
        "may_follow": may_follow_trails,
        "kept_work": find_kept(),
        "walk": getattr(request, "walk", None),
        "outcomes": partial(find_outcomes, request),
    }


def may_follow_trails() -> bool:
    """Whether who asks may see what a request led to. No queries: it is known who he was."""
    actor = find_actor()
    return actor is not None and actor.may("audit.view_logentry")


WHERE_TOLD = ("desk:home", "payments:", "approvals:")


def find_outcomes(request: HttpRequest) -> list[Approval]:
    """What became of the requests of the person who asks, until he puts it away. One query.

    Told where he works most and not on every page: on each it would be a round trip more.
    """
    user = getattr(request, "user", None)
    match = getattr(request, "resolver_match", None)
    if match is None or not match.view_name.startswith(WHERE_TOLD):
        return []
    if user is None or not user.is_authenticated or not user.has_perm("approvals.view_approval"):
        return []
    return list_unnoticed(user.pk, clock.now())

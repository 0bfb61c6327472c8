"""What every page of the desk needs to draw its frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.actor import current_request_id
from audit.kept import find_kept


class Person(Protocol):
    is_staff: bool

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
    Entry(_("Approvals"), "approvals:inbox", "check-check", "approvals.view_approval"),
    Entry(_("Long work"), "jobs:list", "list-todo", "payments.view_payment"),
    Entry(_("Background work"), "outbox:list", "activity", "outbox.view_message"),
    Entry(_("Log"), "log:explorer", "scroll-text", "audit.view_logentry"),
    Entry(_("Administration"), "admin:index", "settings", staff_only=True),
)


def links(request: HttpRequest) -> list[Link]:
    """The menu of the person who asks. One query at most: the permissions of the session's user."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    match = getattr(request, "resolver_match", None)
    here = match.namespace if match else None
    return [
        Link(entry.label, url, entry.icon, entry.route.split(":")[0] == here)
        for entry in ENTRIES
        if entry.is_for(user) and (url := find_url(entry.route))
    ]


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
        "request_id": current_request_id(),
        "kept_work": find_kept(),
    }

"""The log explorer. Reading the log is itself on record."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from audit import keyset
from audit.access import saw
from audit.actor import Actor, current_actor
from audit.differences import changes_of, facts_of
from audit.forms import LogFilter, PersonSearch
from audit.gate import requires
from audit.models import LogEntry
from audit.queries import MOST_FOUND, find_people, get_entry, list_entries, list_named, list_people
from audit.reading import (
    name_target,
    object_kind,
    object_name,
    object_url,
    role_label,
    sentence_of,
)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the explorer shows it."""

    entry: LogEntry
    sentence: str
    is_code: bool
    who: str
    roles: list[str]
    name: str
    kind: str
    url: str | None
    rows: int | None


@requires("audit.view_logentry")
@require_safe
def explorer(request: HttpRequest) -> HttpResponse:
    """What fits the filters of the address, newest first. A filter it cannot read shows nothing."""
    form = LogFilter(request.GET, _people(request.GET.get("person", "")))
    place = keyset.Place.read(request.GET)
    context: dict[str, Any] = {
        "form": form,
        "search": PersonSearch(),
        "people_url": _with(reverse("log:people"), keyset.without_place(request.GET)),
        "is_first_page": place.cursor is None,
        "lines": [],
    }
    if form.is_valid():
        page = keyset.take(list_entries(form.wanted()), place, by="timestamp", descending=True)
        saw(request, page.rows)
        actor = current_actor()
        context["lines"] = [_line(entry, actor) for entry in page.rows]
        context["pager"] = keyset.pager(page, request.path, request.GET)
    return render(request, "log/explorer.html", context)


@requires("audit.view_logentry")
@require_safe
def entry(request: HttpRequest, entry_id: uuid.UUID) -> HttpResponse:
    """One entry whole: its changes, its facts, and the way to all else of the same request."""
    found = get_entry(entry_id)
    saw(request, found)
    context = {
        "line": _line(found, current_actor()),
        "entry": found,
        "changes": changes_of(found),
        "facts": facts_of(found),
        "about": name_target(found),
    }
    return render(request, "log/entry.html", context)


@requires("audit.view_logentry")
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """Look a person up. POST leads to an address with ids; GET lets one choose among several."""
    if request.method == "POST":
        return _look_up(request)
    kept = request.GET.copy()
    ids = _uuids(kept.pop("id", []))
    found = list(list_named(ids))
    saw(request, found)
    context = {
        "people": [(one, _explorer_url(kept, person=str(one.pk))) for one in found],
        "has_more": len(ids) > MOST_FOUND,
        "back_url": _explorer_url(kept),
    }
    return render(request, "log/people.html", context)


def _look_up(request: HttpRequest) -> HttpResponse:
    form = PersonSearch(request.POST)
    found = find_people(form.cleaned_data["q"].strip()) if form.is_valid() else []
    if len(found) == 1:
        return HttpResponseRedirect(_explorer_url(request.GET, person=str(found[0].pk)))
    if not found:
        messages.warning(request, _("Nobody was found by that name, reference or email."))
        return HttpResponseRedirect(_explorer_url(request.GET))
    address = request.GET.copy()
    address.setlist("id", [str(one.pk) for one in found])
    return HttpResponseRedirect(_with(reverse("log:people"), address))


def _line(one: LogEntry, actor: Actor) -> Line:
    sentence = sentence_of(one.event)
    facts = one.additional_data if isinstance(one.additional_data, dict) else {}
    rows = facts.get("rows")
    return Line(
        entry=one,
        sentence=sentence,
        is_code=sentence == one.event,
        who=one.actor.get_full_name() if one.actor else one.actor_label,
        roles=[role_label(code) for code in one.actor_roles],
        name=object_name(one),
        kind=object_kind(one),
        url=object_url(one, actor) if one.object_pk else None,
        rows=rows if one.action == LogEntry.Action.ACCESS and isinstance(rows, int) else None,
    )


def _people(chosen: str) -> list[Any]:
    """The choices of the person filter; who was found by a search is always among them."""
    known = list(list_people())
    if any(str(one.pk) == chosen for one in known):
        return known
    return [*list_named(_uuids([chosen])), *known] if chosen else known


def _uuids(texts: list[Any]) -> list[uuid.UUID]:
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(str(text)))
        except ValueError:
            continue
    return found


def _explorer_url(address: QueryDict, **more: str) -> str:
    kept = keyset.without_place(address)
    for name, value in more.items():
        kept[name] = value
    return _with(reverse("log:explorer"), kept)


def _with(path: str, address: QueryDict) -> str:
    return f"{path}?{address.urlencode()}" if address else path

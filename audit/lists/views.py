"""The pages on which people keep views of a list and choose its columns.

They are the same for every list: `routes` binds them to one (`audit.lists.routes`).
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import keyset
from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.lists.commands import (
    change_view,
    choose_columns,
    remove_view,
    rename_view,
    restore_view,
    save_view,
)
from audit.lists.forms import ColumnsForm, NameForm, ViewForm
from audit.lists.kept import OWN, VIEW, address_of, open_url, read_view
from audit.lists.kinds import ListKind
from audit.lists.queries import columns_of, get_view, list_views
from audit.reading import role_label

REMOVED = "removed"
"""The word of an address that says which view was just removed."""


def columns(request: HttpRequest, kind: ListKind) -> HttpResponse:
    """Choose the columns of a list; back to it with the filters it had."""
    query = request.POST.get("query", request.GET.urlencode())
    actor = current_actor()
    if request.method != "POST":
        form = ColumnsForm(kind, columns_of(actor, kind))
        return _page(request, kind, "columns", {"form": form, "query": query})
    form = ColumnsForm(kind, (), request.POST)
    if not form.is_valid():
        return _page(request, kind, "columns", {"form": form, "query": query}, 400)
    chosen = list(kind.usual) if "usual" in request.POST else form.chosen()
    choose_columns(list_code=kind.code, columns=chosen)
    view = read_view(QueryDict(query))
    more = {VIEW: str(view), OWN: "1"} if view else {}
    return HttpResponseRedirect(address_of(kind, query, **more))


def views(request: HttpRequest, kind: ListKind) -> HttpResponse:
    """One's own views and those of one's teams, newest first."""
    actor = current_actor()
    place = keyset.Place.read(request.GET)
    page = keyset.take(list_views(actor, kind), place, by="made_at", descending=True)
    rows = [
        {
            "view": view,
            "url": open_url(kind, view),
            "team": role_label(view.role) if view.role else "",
        }
        for view in page.rows
    ]
    context = {"rows": rows, "pager": keyset.pager(page, request.path, request.GET)}
    return _page(request, kind, "views", {**context, **_removed(request, kind)})


def view_new(request: HttpRequest, kind: ListKind) -> HttpResponse:
    """Keep the filters of the address, and the columns shown with them, under a name."""
    actor = current_actor()
    if request.method != "POST":
        query = request.GET.urlencode()
        form = ViewForm(actor.roles)
        return _page(request, kind, "view_new", {"form": form, "query": query})
    query = request.POST.get("query", "")
    form = ViewForm(actor.roles, request.POST)
    context = {"form": form, "query": query}
    if not form.is_valid():
        return _page(request, kind, "view_new", context, 400)
    try:
        view = save_view(
            list_code=kind.code,
            name=form.cleaned_data["name"],
            role=form.cleaned_data["role"],
            query=kind.tidy(query),
            columns=shown_columns(kind, query),
            key=str(form.cleaned_data["key"]),
        )
    except Refusal as refusal:
        return _refused(request, kind, "view_new", context, refusal)
    messages.success(request, _("The view is saved."))
    return HttpResponseRedirect(open_url(kind, view))


def view_name(request: HttpRequest, kind: ListKind, view_id: uuid.UUID) -> HttpResponse:
    """Give a view another name."""
    view = get_view(current_actor(), kind, view_id)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": view.name})
    context = {"form": form, "view": view}
    if request.method != "POST":
        return _page(request, kind, "view_name", context)
    if not form.is_valid():
        return _page(request, kind, "view_name", context, 400)
    try:
        rename_view(view_id=view.pk, name=form.cleaned_data["name"])
    except Refusal as refusal:
        return _refused(request, kind, "view_name", context, refusal)
    return HttpResponseRedirect(reverse(f"{kind.namespace}:views"))


def view_content(request: HttpRequest, kind: ListKind, view_id: uuid.UUID) -> HttpResponse:
    """Have a view keep the filters and columns that are shown now."""
    view = get_view(current_actor(), kind, view_id)
    if request.method == "POST":
        query = request.POST.get("query", "")
        view = change_view(
            view_id=view.pk, query=kind.tidy(query), columns=shown_columns(kind, query)
        )
        messages.success(request, _("The view is saved."))
    return HttpResponseRedirect(open_url(kind, view))


def view_removal(request: HttpRequest, kind: ListKind, view_id: uuid.UUID) -> HttpResponse:
    """Take a view away; the page after it offers to undo that."""
    url = reverse(f"{kind.namespace}:views")
    if request.method != "POST":
        return HttpResponseRedirect(url)
    view = remove_view(view_id=get_view(current_actor(), kind, view_id).pk)
    return HttpResponseRedirect(f"{url}?{REMOVED}={view.pk}")


def view_restoration(request: HttpRequest, kind: ListKind, view_id: uuid.UUID) -> HttpResponse:
    """Bring a removed view back."""
    view = get_view(current_actor(), kind, view_id)
    if request.method == "POST":
        restore_view(view_id=view.pk)
        messages.success(request, _("The view is back."))
    return HttpResponseRedirect(reverse(f"{kind.namespace}:views"))


def shown_columns(kind: ListKind, query: str) -> list[str]:
    """The columns that an address of the list shows: those of its view, or one's own."""
    actor = current_actor()
    address = QueryDict(query)
    view_id = read_view(address)
    if view_id is not None and OWN not in address:
        return kind.known(get_view(actor, kind, view_id).columns)
    return columns_of(actor, kind)


def _removed(request: HttpRequest, kind: ListKind) -> dict[str, Any]:
    """The view that was just removed, when it still is."""
    try:
        view = get_view(current_actor(), kind, uuid.UUID(request.GET.get(REMOVED, "")))
    except (ValueError, Refusal):
        return {}
    return {"removed": view} if view.removed_at else {}


def _page(
    request: HttpRequest, kind: ListKind, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    routes = {one: reverse(f"{kind.namespace}:{one}") for one in ("columns", "views", "view_new")}
    more = {"kind": kind, "list_url": reverse(kind.route), "routes": routes}
    if "query" in context:
        more["back_url"] = address_of(kind, context["query"])
    return render(request, f"lists/{name}.html", {**more, **context}, status=status)


def _refused(
    request: HttpRequest, kind: ListKind, name: str, context: dict[str, Any], refusal: Refusal
) -> HttpResponse:
    if refusal.kind is not Kind.INVALID:
        raise refusal
    context["form"].add_error(None, str(refusal.message))
    return _page(request, kind, name, context, 400)

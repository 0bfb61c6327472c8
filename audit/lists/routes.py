"""The addresses of a list's views and columns, for the `urls` of the app that owns the list."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods

from audit.gate import requires
from audit.lists import views
from audit.lists.kinds import ListKind

ROUTES: dict[str, Callable[..., HttpResponse]] = {
    "columns/": views.columns,
    "views/": views.views,
    "views/new/": views.view_new,
    "views/<uuid:view_id>/name/": views.view_name,
    "views/<uuid:view_id>/content/": views.view_content,
    "views/<uuid:view_id>/removal/": views.view_removal,
    "views/<uuid:view_id>/restoration/": views.view_restoration,
}


def routes(kind: ListKind) -> list[URLPattern]:
    """One address for each page; only for those who may open the list."""
    return [
        path(address, _bound(kind, view), name=view.__name__) for address, view in ROUTES.items()
    ]


def _bound(kind: ListKind, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @requires(kind.permission)
    @require_http_methods(["GET", "HEAD", "POST"])
    @functools.wraps(view)
    def bound(request: HttpRequest, **given: Any) -> HttpResponse:
        return view(request, kind, **given)

    return bound

"""The way to a root cause."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.access import saw
from audit.actor import current_actor
from audit.gate import requires
from config.desk.trail import get_trail


@requires("audit.view_logentry")
@require_safe
def trail(request: HttpRequest, request_id: str) -> HttpResponse:
    """Everything that a request did and led to, and what went wrong first."""
    found = get_trail(request_id, current_actor())
    saw(request, found.entries)
    return render(request, "desk/trail.html", {"trail": found})

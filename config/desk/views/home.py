"""Where everybody begins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit import clock
from audit.access import saw
from audit.actor import current_actor
from audit.gate import signed_in
from audit.modes import is_live
from audit.reading import role_label
from config.desk.queries import get_home


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for this person, what he touched last, and the figures that his roles see.

    `?currency=` chooses the currency of the thirty days; an unknown one is the first.
    """
    actor = current_actor()
    currency = request.GET.get("currency", "")[:3]
    page = get_home(actor, clock.now(), currency, is_live=is_live(request))
    saw(request, ())
    context = {
        "page": page,
        "figures": page.figures,
        "roles": [role_label(role) for role in actor.roles],
    }
    return render(request, "desk/home.html", context)

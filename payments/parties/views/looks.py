"""Who has seen a customer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit import keyset
from audit.access import saw
from audit.gate import requires
from audit.looks import list_looks
from audit.models import Look
from audit.panels import About, Content
from audit.reading import role_label, sentence_of
from payments.parties import queries
from payments.parties.forms import FIELDS, REASONS
from payments.parties.views.page import VIEW, about_customer

LATEST = 5
"""So many looks the panel shows."""


@dataclass(frozen=True, slots=True)
class LookLine:
    """A look in plain words. `among` is how many people the same answer showed."""

    at: datetime
    who: str
    roles: Sequence[str]
    sentence: str
    url: str
    among: int
    revealed: Sequence[Any]
    reason: Any
    ticket: str


@requires(VIEW, "audit.view_logentry")
@never_cache
@require_safe
def looks(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Every look, newest first: at the page, at a payment, at a list that held the customer."""
    found = queries.get_customer(customer_id)
    saw(request, found)
    place = keyset.Place.read(request.GET)
    rows = list_looks(about_customer(found).ids)
    page = keyset.take(rows, place, by="seen_at", descending=True)
    context = {
        "customer": found,
        "rows": [_line(row) for row in page.rows],
        "pager": keyset.pager(page, request.path, request.GET),
    }
    return render(request, "parties/looks.html", context)


def read_panel(about: About) -> Content:
    """The latest looks. One SELECT."""
    rows = list_looks(about.ids).order_by("-seen_at", "-pk")[:LATEST]
    return Content({"lines": [_line(row) for row in rows]})


def _line(look: Look) -> LookLine:
    entry = look.entry
    facts: Mapping[str, Any] = entry.additional_data or {}
    reason = str(facts.get("reason", ""))
    return LookLine(
        at=look.seen_at,
        who=entry.actor.get_full_name() if entry.actor else entry.actor_label,
        roles=[str(role_label(code)) for code in entry.actor_roles],
        sentence=sentence_of(entry.event),
        url=reverse("log:entry", args=[entry.pk]),
        among=facts.get("subjects", 1),
        revealed=[FIELDS.get(name, name) for name in facts.get("revealed", [])],
        reason=REASONS.get(reason, reason),
        ticket=str(facts.get("ticket", "")),
    )

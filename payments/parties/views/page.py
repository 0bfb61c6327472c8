"""How the page of a customer is put together, for every view that answers with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from audit.access import saw
from audit.actor import Actor, current_actor
from audit.errors import Kind
from audit.panels import CUSTOMER, About, Drawn, draw, list_panels, rows_of
from payments.parties import queries
from payments.parties.forms import FIELDS, RevealForm
from payments.parties.models import PERSONAL_FIELDS, Customer, Merge, Split
from payments.parties.queries import Shown

VIEW, REVEAL = "parties.view_customer", "parties.reveal_customer"
MERGE, DECIDE_MERGE = "parties.merge_customer", "approvals.decide_merge"
CHANGE, DECIDE_SPLIT = "parties.change_customer", "approvals.decide_split"
STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409}
"""What a refusal answers with, beside the form."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A personal field as the page shows it: masked, or in clear in this one answer.

    Without a form it is not to be revealed: by this person, or because nothing is there.
    """

    name: str
    label: Any
    masked: str
    clear: str = ""
    form: RevealForm | None = None


def url_of(customer_id: uuid.UUID) -> str:
    """The page of a customer."""
    return reverse("parties:customer", args=[customer_id])


def show_customer(
    request: HttpRequest,
    customer: Customer,
    *,
    clear: Mapping[str, str] | None = None,
    refused: RevealForm | None = None,
    is_broken: bool = False,
    is_over: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The page. `clear` are details to show in clear, `refused` a form that was not in order.

    `is_broken`: what was sent is no form of ours. `is_over`: its key has had its look.
    """
    actor = current_actor()
    saw(request, customer)
    beside = queries.look_beside(customer)
    about = About(customer, queries.known_ids(customer, beside.merged))
    panels = _panels(actor, customer, about)
    saw(request, rows_of(panels))
    context = {
        "customer": customer,
        "details": _details(actor, beside.shown, clear or {}, refused),
        "merged": _duplicates(beside.merged),
        "splits": _open_splits(actor, beside.merged),
        "merges": beside.merges if actor.may(MERGE) or actor.may(DECIDE_MERGE) else [],
        "panels": [one for one in panels if not one.panel.is_aside],
        "panels_aside": [one for one in panels if one.panel.is_aside],
        "has_revealed": bool(clear),
        "is_broken": is_broken,
        "is_over": is_over,
        "own_url": url_of(customer.pk),
    }
    return render(request, "parties/customer.html", context, status=status)


def about_customer(customer: Customer) -> About:
    """A customer with all the keys that he goes by. One SELECT."""
    return About(customer, queries.known_ids(customer, queries.list_merged(customer)))


def _open_splits(actor: Actor, merged: Sequence[Customer]) -> list[Split]:
    if not merged or not (actor.may(MERGE) or actor.may(DECIDE_SPLIT)):
        return []
    return queries.find_open_splits([one.pk for one in merged])


def _duplicates(merged: Sequence[Customer]) -> list[tuple[Customer, Merge | None]]:
    """Those that were merged into the customer, each with the merge that did it."""
    if not merged:
        return []
    merges = {one.duplicate_id: one for one in queries.list_merges_of([one.pk for one in merged])}
    return [(one, merges.get(one.pk)) for one in merged]


def _panels(actor: Actor, customer: Customer, about: About) -> list[Drawn]:
    def url(code: str) -> str:
        return reverse("parties:panel", args=[customer.pk, code])

    return draw(about, list_panels(CUSTOMER, actor), url)


def _details(
    actor: Actor, shown: Shown, clear: Mapping[str, str], refused: RevealForm | None
) -> list[Detail]:
    may = actor.may(REVEAL) and not shown.is_erased
    return [
        Detail(
            name,
            FIELDS[name],
            shown.masks[name],
            clear.get(name, ""),
            _form(name, refused) if may and shown.masks[name] and name not in clear else None,
        )
        for name in PERSONAL_FIELDS
    ]


def _form(name: str, refused: RevealForm | None) -> RevealForm:
    return refused if refused is not None and refused.detail == name else RevealForm(name)

"""Asking for a customer to be merged into another of whom he is a duplicate."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.access import saw
from audit.actor import Actor, current_actor
from audit.approvals.models import Approval
from audit.errors import Kind, Refusal
from audit.gate import requires
from audit.panels import CUSTOMER, Drawn, draw, list_panels, rows_of
from payments.parties import queries
from payments.parties.commands import request_merge
from payments.parties.forms import FIELDS, MergeForm, SurvivorForm
from payments.parties.models import PERSONAL_FIELDS, Customer
from payments.parties.policy import Decision, merge_decision
from payments.parties.views.page import MERGE, STATUS, VIEW, about_customer, url_of

ASKED = _("The merge waits for the approval of a colleague.")


@dataclass(frozen=True, slots=True)
class Pair:
    """A detail of the two customers side by side, masked."""

    label: Any
    duplicate: str
    survivor: str

    @property
    def is_alike(self) -> bool:
        return self.duplicate == self.survivor


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do: who the two are, what moves, and whether it may be asked for."""

    duplicate: Customer
    survivor: Customer
    pairs: Sequence[Pair]
    belongings: Sequence[Drawn]
    decision: Decision

    @property
    def rows(self) -> list[Model]:
        """Everything that it shows, for the record."""
        return [self.duplicate, self.survivor, *rows_of(self.belongings)]


@requires(VIEW, MERGE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def merge_new(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """First which customer stays, by his reference (`?into=`); then what moves, and why.

    A refusal comes back with the form, its reason and what was typed.
    """
    duplicate = queries.get_customer(customer_id)
    choice = SurvivorForm(request.GET if "into" in request.GET else None)
    survivor = _find_survivor(choice) if choice.is_valid() else None
    if survivor is None:
        return _choose(request, duplicate, choice)
    form = MergeForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound:
        status = 400
        if form.is_valid():
            refusal = _ask(duplicate, survivor, form)
            if refusal is None:
                messages.success(request, ASKED)
                return HttpResponseRedirect(url_of(duplicate.pk))
            form.add_error(None, str(refusal.message))
            status = STATUS[refusal.kind]
    return _preview(request, duplicate, survivor, form, status)


def _find_survivor(choice: SurvivorForm) -> Customer | None:
    found = queries.find_customers_by_reference(choice.cleaned_data["into"])
    if not found:
        choice.add_error("into", _("There is no customer with this reference."))
        return None
    return found[0]


def _ask(duplicate: Customer, survivor: Customer, form: MergeForm) -> Refusal | None:
    try:
        request_merge(
            duplicate_id=duplicate.pk,
            survivor_id=survivor.pk,
            reason=form.cleaned_data["reason"],
            key=str(form.cleaned_data["key"]),
        )
    except Refusal as refusal:
        if refusal.kind is Kind.MISSING:
            raise
        return refusal
    return None


def _choose(request: HttpRequest, duplicate: Customer, choice: SurvivorForm) -> HttpResponse:
    found = queries.list_alike(duplicate)
    alike = found[: queries.MOST_ALIKE]
    masks = queries.masked_many([duplicate, *alike])
    saw(request, duplicate)
    saw(request, alike)
    context = {
        "customer": duplicate,
        "masks": masks[duplicate.pk],
        "form": choice,
        "alike": [(one, masks[one.pk]) for one in alike],
        "has_more": len(found) > len(alike),
    }
    status = 400 if choice.is_bound else 200
    return render(request, "parties/merge_choose.html", context, status=status)


def _preview(
    request: HttpRequest, duplicate: Customer, survivor: Customer, form: MergeForm, status: int
) -> HttpResponse:
    open_merges = queries.find_open_merges([duplicate.pk, survivor.pk])
    actor, has_request = current_actor(), bool(open_merges)
    preview = read_preview(actor, duplicate, survivor, has_request=has_request)
    saw(request, duplicate)
    saw(request, preview.rows)
    context = {"preview": preview, "customer": duplicate, "form": form}
    return render(request, "parties/merge_new.html", context, status=status)


def read_preview(
    actor: Actor, duplicate: Customer, survivor: Customer, *, has_request: bool
) -> Preview:
    """Two customers side by side, and what the duplicate has. Four SELECTs."""
    first, second = queries.show_masked(duplicate, survivor)
    panels = [one for one in list_panels(CUSTOMER, actor) if one.tells_belongings]
    return Preview(
        duplicate=duplicate,
        survivor=survivor,
        pairs=[
            Pair(FIELDS[name], first.masks[name], second.masks[name]) for name in PERSONAL_FIELDS
        ],
        belongings=draw(about_customer(duplicate), panels, lambda _code: ""),
        decision=merge_decision(
            duplicate,
            survivor,
            is_erased=first.is_erased or second.is_erased,
            has_request=has_request,
        ),
    )


def explain(approval: Approval, actor: Actor) -> Preview | None:
    """What the request for approval shows of a merge, None to who sees no customers."""
    if not actor.may(VIEW):
        return None
    merge = queries.get_merge(approval.subject_id)
    return read_preview(actor, merge.duplicate, merge.survivor, has_request=False)

"""Asking for a merge to be taken back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.access import saw
from audit.actor import Actor
from audit.approvals.models import Approval
from audit.errors import Kind, Refusal
from audit.gate import requires
from payments.parties import queries
from payments.parties.commands import request_split
from payments.parties.forms import FIELDS, SplitForm
from payments.parties.models import PERSONAL_FIELDS, Customer, Merge
from payments.parties.policy import Decision, split_decision
from payments.parties.views.merges import Pair
from payments.parties.views.page import MERGE, STATUS, VIEW, url_of

ASKED = _("Taking the merge back waits for the approval of a colleague.")


@dataclass(frozen=True, slots=True)
class Parting:
    """What taking a merge back would do: who the two are, and whether it may be asked for."""

    duplicate: Customer
    survivor: Customer
    pairs: Sequence[Pair]
    decision: Decision

    @property
    def rows(self) -> list[Model]:
        """Everything that it shows, for the record."""
        return [self.duplicate, self.survivor]


@requires(VIEW, MERGE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def split_new(request: HttpRequest, merge_id: uuid.UUID) -> HttpResponse:
    """Why the two are not one person. A refusal comes back with what was typed."""
    merge = queries.get_merge(merge_id)
    form = SplitForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound:
        status = 400
        if form.is_valid():
            refusal = _ask(merge, form)
            if refusal is None:
                messages.success(request, ASKED)
                return HttpResponseRedirect(url_of(merge.survivor_id))
            form.add_error(None, str(refusal.message))
            status = STATUS[refusal.kind]
    has_request = bool(queries.find_open_splits([merge.duplicate_id]))
    preview = read_parting(merge, has_request=has_request)
    saw(request, preview.rows)
    context = {"preview": preview, "customer": merge.survivor, "form": form}
    return render(request, "parties/split_new.html", context, status=status)


def _ask(merge: Merge, form: SplitForm) -> Refusal | None:
    try:
        request_split(
            merge_id=merge.pk,
            reason=form.cleaned_data["reason"],
            key=str(form.cleaned_data["key"]),
        )
    except Refusal as refusal:
        if refusal.kind is Kind.MISSING:
            raise
        return refusal
    return None


def read_parting(merge: Merge, *, has_request: bool) -> Parting:
    """Two customers side by side. One SELECT."""
    first, second = queries.show_masked(merge.duplicate, merge.survivor)
    return Parting(
        duplicate=merge.duplicate,
        survivor=merge.survivor,
        pairs=[
            Pair(FIELDS[name], first.masks[name], second.masks[name]) for name in PERSONAL_FIELDS
        ],
        decision=split_decision(merge, has_request=has_request),
    )


def explain_split(approval: Approval, actor: Actor) -> Parting | None:
    """What the request for approval shows, None to who sees no customers."""
    if not actor.may(VIEW):
        return None
    split = queries.get_split(approval.subject_id)
    return read_parting(split.merge, has_request=False)

"""One act on several payments: a dry run to look at, then the act itself as a job."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from audit import clock
from audit.access import saw
from audit.actor import Actor, current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires
from audit.notes.queries import list_offered_tags
from payments.commands.bulk import act_on_many
from payments.forms import BulkForm, BulkRefundForm, BulkTagForm
from payments.queries.bulk import MOST, Act, plan
from payments.queries.payments import list_refund_reasons

STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409}
FIELDS = {"card_number": "comment", "reason_missing": "reason", "tag_missing": "tag"}
ROUTES = {
    Act.REFUND: "payments:bulk_refunds",
    Act.CAPTURE: "payments:bulk_captures",
    Act.VOID: "payments:bulk_voids",
    Act.TAG: "payments:bulk_tags",
}
LABELS = {
    Act.REFUND: _("Refund"),
    Act.CAPTURE: pgettext_lazy("act", "Capture"),
    Act.VOID: _("Void"),
    Act.TAG: _("Tag"),
}
ICONS = {Act.REFUND: "undo-2", Act.CAPTURE: "arrow-down-to-line", Act.VOID: "ban", Act.TAG: "tag"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A button under the list."""

    label: Any
    url: str
    icon: str


def bulk_acts(actor: Actor) -> list[Offer]:
    """What a person may do to several payments at once."""
    return [
        Offer(LABELS[act], reverse(ROUTES[act]), ICONS[act])
        for act in Act
        if actor.may(act.permission)
    ]


@requires("payments.view_payment", Act.REFUND.permission)
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_refunds(request: HttpRequest) -> HttpResponse:
    """Refund what is left of several payments."""
    return _page(request, Act.REFUND)


@requires("payments.view_payment", Act.CAPTURE.permission)
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_captures(request: HttpRequest) -> HttpResponse:
    """Capture what several payments hold."""
    return _page(request, Act.CAPTURE)


@requires("payments.view_payment", Act.VOID.permission)
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_voids(request: HttpRequest) -> HttpResponse:
    """Let go of what several payments hold."""
    return _page(request, Act.VOID)


@requires("payments.view_payment", Act.TAG.permission)
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_tags(request: HttpRequest) -> HttpResponse:
    """Put a tag on several payments."""
    return _page(request, Act.TAG)


def _page(request: HttpRequest, act: Act) -> HttpResponse:
    ids = _ids(request)
    form = _form(request, act)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            job = act_on_many(
                act=act,
                rows=form.cleaned_data["row"],
                reason=form.cleaned_data.get("reason", ""),
                comment=form.cleaned_data.get("comment", ""),
                tag=form.cleaned_data.get("tag", ""),
                key=form.idempotency_key,
            )
        except Refusal as refusal:
            status = STATUS.get(refusal.kind, 400)
            field = FIELDS.get(refusal.code)
            form.add_error(field if field in form.fields else None, str(refusal.message))
        else:
            return HttpResponseRedirect(reverse("jobs:detail", args=[job.pk]))
    planned = plan(current_actor(), act, ids, clock.now())
    saw(request, [row.payment for row in planned.rows])
    context = {
        "plan": planned,
        "label": LABELS[act],
        "form": form,
        "most": MOST,
        "is_cut": len(ids) > MOST,
    }
    return render(request, f"payments/bulk/{act.value}.html", context, status=status)


def _form(request: HttpRequest, act: Act) -> BulkForm:
    data = request.POST if request.method == "POST" else None
    if act is Act.REFUND:
        return BulkRefundForm(list_refund_reasons(), data)
    return BulkTagForm(list_offered_tags(), data) if act is Act.TAG else BulkForm(data)


def _ids(request: HttpRequest) -> list[uuid.UUID]:
    """The payments that were chosen; what is no id is nobody's."""
    given = request.POST.getlist("row") if request.method == "POST" else request.GET.getlist("p")
    found = []
    for text in given:
        try:
            found.append(uuid.UUID(text.partition(":")[0]))
        except ValueError:
            continue
    return list(dict.fromkeys(found))

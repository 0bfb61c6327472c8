"""The inbox of what waits for a second person, and the page where it is decided."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from audit import clock, keyset
from audit.access import saw
from audit.actor import Actor, current_actor
from audit.approvals.commands import notice_outcome
from audit.approvals.forms import DecisionForm, NoteForm, Verdict
from audit.approvals.kinds import approvable, reasons_of, select_reasons
from audit.approvals.models import Approval
from audit.approvals.policy import Decision, decide_decision, withdraw_decision
from audit.approvals.queries import (
    as_limits,
    get_approval,
    list_decided,
    list_pending,
    select_limits,
)
from audit.errors import Kind, Refusal
from audit.gate import requires, step_up
from audit.together import together

URGENT = timedelta(hours=24)
WAITING, DECIDED = "waiting", "decided"
STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.CONFLICT: 409}
RESULTS = {
    Verdict.APPROVE: Approval.Status.APPROVED,
    Verdict.REJECT: Approval.Status.REJECTED,
}
DONE = {
    Approval.Status.APPROVED: _("%(what)s: approved."),
    Approval.Status.REJECTED: _("%(what)s: rejected."),
    Approval.Status.WITHDRAWN: _("%(what)s: withdrawn."),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request as one person sees it in the inbox."""

    approval: Approval
    is_mine: bool
    decision: Decision
    is_urgent: bool
    reason: str


@requires("approvals.view_approval")
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits, oldest first; or (`?tab=decided`) what is over, newest first."""
    tab = DECIDED if request.GET.get("tab") == DECIDED else WAITING
    is_over = tab == DECIDED
    page = keyset.take(
        list_decided() if is_over else list_pending(),
        keyset.Place.read(request.GET),
        by="requested_at",
        descending=is_over,
    )
    saw(request, page.rows)
    context = {
        "tab": tab,
        "rows": _as_seen_by(current_actor(), page.rows),
        "pager": keyset.pager(page, request.path, request.GET),
    }
    return render(request, "approvals/inbox.html", context)


@requires("approvals.view_approval")
@require_safe
def detail(request: HttpRequest, approval_id: uuid.UUID) -> HttpResponse:
    """One request: what it is, what became of it, and what may be done with it."""
    return _page(request, get_approval(approval_id))


@requires("approvals.view_approval")
@require_safe
def subject(request: HttpRequest, approval_id: uuid.UUID) -> HttpResponse:
    """On to the page of what is asked about; only its own app knows where that is."""
    approval = get_approval(approval_id)
    return HttpResponseRedirect(approvable(approval.kind).url(approval.subject_id))


@requires("approvals.view_approval")
@step_up
@require_http_methods(["GET", "HEAD", "POST"])
def decision(request: HttpRequest, approval_id: uuid.UUID) -> HttpResponse:
    """Approve or reject. A refusal comes back with the page, its reason and what was typed."""
    approval = get_approval(approval_id)
    if request.method != "POST":
        return HttpResponseRedirect(_url(approval))
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, approval, form=form, status=400)
    given = form.cleaned_data
    kind = approvable(approval.kind)

    def decide() -> None:
        if given["verdict"] == Verdict.APPROVE:
            kind.approve(subject_id=approval.subject_id, note=given["note"], key=str(given["key"]))
        else:
            kind.reject(subject_id=approval.subject_id, note=given["note"])

    return _do(request, approval, decide, RESULTS[given["verdict"]], {"form": form})


@requires("approvals.view_approval")
@require_http_methods(["GET", "HEAD", "POST"])
def withdrawal(request: HttpRequest, approval_id: uuid.UUID) -> HttpResponse:
    """Take one's own request back."""
    approval = get_approval(approval_id)
    if request.method != "POST":
        return HttpResponseRedirect(_url(approval))
    form = NoteForm(request.POST, prefix="withdrawal")
    if not form.is_valid():
        return _page(request, approval, withdrawal_form=form, status=400)
    note = form.cleaned_data["note"]

    def withdraw() -> None:
        approvable(approval.kind).withdraw(subject_id=approval.subject_id, note=note)

    return _do(request, approval, withdraw, Approval.Status.WITHDRAWN, {"withdrawal_form": form})


@requires("approvals.view_approval")
@require_http_methods(["GET", "HEAD", "POST"])
def notice(request: HttpRequest, approval_id: uuid.UUID) -> HttpResponse:
    """Put the notice of an outcome away, and back to where it was read."""
    if request.method == "POST":
        notice_outcome(approval_id=approval_id)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("approvals:detail", args=[approval_id])
    return HttpResponseRedirect(back)


def _do(
    request: HttpRequest,
    approval: Approval,
    act: Callable[[], None],
    wanted: Approval.Status,
    forms: dict[str, NoteForm],
) -> HttpResponse:
    """Run a command and lead to the page. A second click on what was done is no mistake."""
    refusal: Refusal | None = None
    try:
        act()
    except Refusal as error:
        if error.kind is Kind.MISSING:
            raise
        refusal = error
    now = get_approval(approval.pk)
    if now.status == wanted and now.decided_by_id == current_actor().user_id:
        messages.success(request, DONE[wanted] % {"what": now.subject_reference})
        return HttpResponseRedirect(_url(now))
    if refusal is None:
        # Approved twice: the command answers what the other one did.
        messages.info(request, _("Somebody else was faster: see below."))
        return HttpResponseRedirect(_url(now))
    return _page(request, now, status=STATUS[refusal.kind], refusal=refusal, **forms)


def _page(
    request: HttpRequest, approval: Approval, *, status: int = 200, **more: Any
) -> HttpResponse:
    actor = current_actor()
    limits, *read = together(select_limits(actor, approval.kind), *select_reasons([approval]))
    limit = as_limits(limits).get(approval.currency)
    about = approvable(approval.kind).context(approval, actor)
    saw(request, approval)
    saw(request, getattr(about, "rows", ()))
    context = {
        "approval": approval,
        "reason": reasons_of([approval], read)[approval.pk],
        "is_mine": approval.requested_by_id == actor.user_id,
        "decision": decide_decision(actor, approval, limit, clock.now()),
        "withdrawal": withdraw_decision(actor, approval),
        "is_pending": approval.status == Approval.Status.PENDING,
        "effect_template": f"approvals/effects/{approval.kind}.html",
        "context_template": f"approvals/context/{approval.kind}.html",
        "about": about,
        "habits_template": [
            f"approvals/context/{approval.kind}_habits.html",
            "approvals/context/no_habits.html",
        ],
        "is_urgent": approval.expires_at - clock.now() < URGENT,
        "form": DecisionForm(),
        "withdrawal_form": NoteForm(prefix="withdrawal"),
        **more,
    }
    return render(request, "approvals/detail.html", context, status=status)


def _as_seen_by(actor: Actor, rows: Sequence[Approval]) -> list[Waiting]:
    """One SELECT for all that the rows of a page need."""
    kinds = sorted({row.kind for row in rows})
    read = together(*(select_limits(actor, kind) for kind in kinds), *select_reasons(rows))
    limits = {kind: as_limits(found) for kind, found in zip(kinds, read, strict=False)}
    reasons = reasons_of(rows, read[len(kinds) :])
    now = clock.now()
    return [
        Waiting(
            approval=row,
            is_mine=row.requested_by_id == actor.user_id,
            decision=decide_decision(actor, row, limits[row.kind].get(row.currency), now),
            is_urgent=row.expires_at - now < URGENT,
            reason=reasons[row.pk],
        )
        for row in rows
    ]


def _url(approval: Approval) -> str:
    return reverse("approvals:detail", args=[approval.pk])

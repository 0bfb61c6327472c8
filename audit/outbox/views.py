"""What the background has to do, for those who look after it. Tasks and ids, nobody's data."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from audit import keyset
from audit.actor import current_actor
from audit.errors import Kind, Refusal
from audit.gate import requires
from audit.outbox.commands import RETRY, revive_message
from audit.outbox.forms import ReasonForm
from audit.outbox.models import Message
from audit.outbox.queries import MOST_COUNTED, find_lag_s, get_message, list_in

S = Message.Status
TABS = (S.WAITING, S.LEASED, S.DEAD, S.DONE)


@dataclass(frozen=True, slots=True)
class Tab:
    """One state of messages, and how many are in it."""

    status: S
    label: Any
    url: str
    count: int
    is_current: bool


@requires("outbox.view_message")
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """The messages in one state: what waits with the next first, all else the latest first."""
    status = _status(request)
    place = keyset.Place.read(request.GET)
    page = keyset.take(list_in(status), place, by="next_at", descending=status != S.WAITING)
    context = {
        "tabs": [_tab(one, status, request.path) for one in TABS],
        "status": status,
        "rows": page.rows,
        "late_s": int(find_lag_s()),
        "most": MOST_COUNTED,
        "may_retry": status == S.DEAD and current_actor().may(RETRY),
        "pager": keyset.pager(page, request.path, request.GET),
    }
    return render(request, "outbox/list.html", context)


def _status(request: HttpRequest) -> S:
    wanted = request.GET.get("status", "")
    return S(wanted) if wanted in S.values else S.WAITING


def _tab(status: S, current: S, path: str) -> Tab:
    count = keyset.count_up_to(list_in(status), MOST_COUNTED)
    return Tab(status, status.label, f"{path}?status={status.value}", count, status == current)


@requires("outbox.view_message", RETRY)
@require_http_methods(["GET", "HEAD", "POST"])
def retry(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Have a dead message run again, with a reason."""
    message = get_message(message_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            revive_message(message_id=message.pk, reason=form.cleaned_data["reason"])
        except Refusal as refusal:
            if refusal.kind is not Kind.CONFLICT:
                raise
            form.add_error(None, str(refusal.message))
            status = 409
        else:
            messages.success(request, _("It runs again: %(task)s.") % {"task": message.task})
            return HttpResponseRedirect(f"{reverse('outbox:list')}?status={S.DEAD.value}")
    context = {"message_row": message, "form": form, "is_dead": message.status == S.DEAD}
    return render(request, "outbox/retry.html", context, status=status)

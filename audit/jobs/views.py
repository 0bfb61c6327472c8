"""The pages of jobs: one's own with what came of them, everybody's as far as they are."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from audit import files, keyset
from audit.access import saw
from audit.actor import Actor, current_actor
from audit.errors import Kind, Refusal
from audit.gate import signed_in, step_up
from audit.jobs.commands import cancel_job
from audit.jobs.kinds import error_words, find_kind, label_of
from audit.jobs.models import Job
from audit.jobs.policy import SEE_ALL, is_mine, may_run, may_stop
from audit.jobs.queries import get_job_for, list_jobs_in, list_jobs_of

EVERY_S = 2


@signed_in
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    """One's own jobs, newest first; those of everybody in one state for who looks after them."""
    actor = current_actor()
    status = request.GET.get("status", "")
    is_all = actor.may(SEE_ALL) and status in Job.Status.values
    rows = list_jobs_in(status) if is_all else list_jobs_of(actor.user_id)
    place = keyset.Place.read(request.GET)
    page = keyset.take(rows, place, by="asked_at", descending=True)
    context = {
        "rows": [_line(job) for job in page.rows],
        "is_all": is_all,
        "tabs": _tabs(actor, status if is_all else ""),
        "pager": keyset.pager(page, request.path, request.GET),
    }
    return render(request, "jobs/list.html", context)


def _line(job: Job) -> dict[str, Any]:
    return {"job": job, "label": label_of(job.kind), "error": error_words(job)}


def _tabs(actor: Actor, current: str) -> list[dict[str, Any]]:
    if not actor.may(SEE_ALL):
        return []
    here = reverse("jobs:list")
    mine = {"label": _("mine"), "url": here, "is_current": not current}
    return [
        mine,
        *(
            {
                "label": one.label,
                "url": f"{here}?status={one.value}",
                "is_current": one.value == current,
            }
            for one in Job.Status
        ),
    ]


@signed_in
@require_safe
def detail(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """How far a job is; to whoever asked for it also what came of it."""
    actor = current_actor()
    job = get_job_for(actor, job_id)
    kind = find_kind(job.kind)
    may_open = is_mine(actor, job) and kind is not None and may_run(actor, kind.permissions)
    saw(request, job)
    context = {
        **_line(job),
        "is_mine": is_mine(actor, job),
        "may_open": may_open,
        "may_stop": may_stop(actor, job) and not job.is_over,
        "every_s": EVERY_S,
        "back_url": kind.back(job) if may_open and kind and kind.back else "",
    }
    if may_open and kind is not None and kind.panel is not None:
        panel = kind.panel(job)
        saw(request, panel.shown)
        context |= {"panel": panel.template, **panel.context}
    return render(request, "jobs/detail.html", context)


@signed_in
@require_safe
def progress(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Asked by an open page every few seconds: the bar as it stands; the whole page at the end.

    Without script the same address leads to the page. It shows numbers, nobody's data.
    """
    job = get_job_for(current_actor(), job_id)
    if not getattr(request, "htmx", False):
        return HttpResponseRedirect(reverse("jobs:detail", args=[job_id]))
    if job.is_over:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return render(request, "jobs/progress.html", {**_line(job), "every_s": EVERY_S})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def cancellation(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Stop a job. What is done stays done."""
    job = get_job_for(current_actor(), job_id)
    if request.method == "POST":
        job = cancel_job(job_id=job.pk)
        if job.status == Job.Status.CANCELLED or job.is_stopping:
            messages.info(request, _("It stops. What is done already stays done."))
    return HttpResponseRedirect(reverse("jobs:detail", args=[job_id]))


@signed_in
@step_up(on_get=True)
@require_safe
def file(request: HttpRequest, job_id: uuid.UUID) -> HttpResponseBase:
    """What came of a job, to whoever asked for it and still may."""
    actor = current_actor()
    job = get_job_for(actor, job_id)
    kind = find_kind(job.kind)
    if kind is None or not is_mine(actor, job) or not may_run(actor, kind.permissions):
        raise Refusal("not_yours", _("Only who asked for it may fetch it."), Kind.FORBIDDEN)
    if not job.file:
        raise _gone()
    try:
        content = files.open_sealed(job.file)
    except FileNotFoundError:
        raise _gone() from None
    saw(request, job)
    response = StreamingHttpResponse(_chunks(content), content_type=job.file_type)
    response["Content-Length"] = str(job.file_size)
    response["Content-Disposition"] = content_disposition_header(True, job.file_title) or ""
    response["Cache-Control"] = "no-store"
    return response


def _gone() -> Refusal:
    return Refusal("file_gone", _("The file is not kept any longer."), Kind.MISSING)


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    with content:
        while part := content.read(files.CHUNK):
            yield part

"""The edge: what a person sees when the answer is no, not now, or not known."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views import defaults

from audit.access import showed_nothing
from audit.errors import Busy, Kind, OutcomeUnknown, RecordUnavailable, Refusal
from config.api import problems

STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.MISSING: 404, Kind.CONFLICT: 409}

BUSY = _("Too many people are at this right now. Nothing was changed. Please try again.")
UNKNOWN = _(
    "The connection was lost at the last moment. It may have been done: look before you try again."
)
NO_RECORD = _(
    "The record of who does what cannot be written, so nothing was done and nothing is shown."
)


def answer(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """A page for a refusal (4xx) or for a moment of trouble (503)."""
    if isinstance(error, Refusal):
        if error.kind is Kind.MISSING:
            return _page(request, "404.html", 404, error.message)
        return _page(
            request,
            "refusal.html",
            STATUS[error.kind],
            error.message,
            kind=str(error.kind),
            back_url=request.path,
        )
    if isinstance(error, Busy):
        response = _page(request, "503.html", 503, BUSY)
        response["Retry-After"] = "2"
        return response
    if isinstance(error, OutcomeUnknown):
        return _page(request, "503.html", 503, UNKNOWN)
    return _page(request, "503.html", 503, NO_RECORD)


def _page(
    request: HttpRequest, template: str, status: int, message: object, **more: str
) -> HttpResponse:
    context = {"message": message, "request_id": getattr(request, "request_id", ""), **more}
    return render(request, template, context, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF refusal in our words; `reason` is for the log, not for the page."""
    return _page(request, "403_csrf.html", 403, "")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 403. A view may have read a row before it refused: nobody saw that row."""
    showed_nothing(request)
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404, likewise."""
    showed_nothing(request)
    if request.path_info.startswith(problems.PREFIX):
        return problems.problem(request, 404, "not_found", "There is no such address.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 with the request id on it, so that it can be found; for a system as a problem."""
    if request.path_info.startswith(problems.PREFIX):
        return problems.server_error(request)
    return _page(request, "500.html", 500, "")


class EdgeMiddleware:
    """Turns what a view raises into a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, Refusal | Busy | OutcomeUnknown | RecordUnavailable):
            return answer(request, error)
        return None

"""The edge: what a person sees when the answer is no, not now, or not known."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views import defaults

from audit import outcomes
from audit.access import showed_nothing
from audit.errors import Busy, Kind, OutcomeUnknown, RecordUnavailable, Refusal, Unreachable
from audit.outcomes import Ending
from config.api import problems

logger = logging.getLogger(__name__)

STATUS = {Kind.INVALID: 400, Kind.FORBIDDEN: 403, Kind.MISSING: 404, Kind.CONFLICT: 409}

BUSY = _("Too many people are at this right now. Nothing was changed. Please try again.")
UNKNOWN = _(
    "The connection was lost at the last moment. It may have been done: look before you try again."
)
UNREACHABLE = _(
    "The database does not answer at the moment. Nothing was changed. It is looked for all the "
    "time: as soon as it is back, so is everything here."
)
ILLEGIBLE = _("What was sent holds signs that cannot be read: go back, and type it anew.")
NO_RECORD = _(
    "The record of who does what cannot be written, so nothing was done and nothing is shown."
)

RETRY_AFTER_S = "5"


def answer(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """A page for a refusal (4xx) or for a moment of trouble (503); a problem for a system."""
    if isinstance(error, Busy | OutcomeUnknown | RecordUnavailable) and is_of_a_system(request):
        return problems.of_trouble(request, error)
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
    if isinstance(error, Unreachable):
        return _not_now(request, UNREACHABLE)
    if isinstance(error, Busy):
        return _not_now(request, BUSY)
    return _not_now(request, UNKNOWN if isinstance(error, OutcomeUnknown) else NO_RECORD)


def is_of_a_system(request: HttpRequest) -> bool:
    """Whether nobody reads the answer who would read a page."""
    return settings.SERVES == "api" or request.path_info.startswith(problems.PREFIX)


def trouble_of(request: HttpRequest, error: BaseException | None) -> Busy | OutcomeUnknown | None:
    """What a database that is gone or busy means for this request; None for another error.

    A look changes nothing. What else was asked for may have been done before the trouble began.
    """
    if not isinstance(error, DatabaseError | InterfaceError):
        return None
    ending = outcomes.of(error)
    if ending not in (Ending.LOST, Ending.CONFLICT):
        return None
    logger.warning("no answer from the database: %s", type(error).__name__)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        return OutcomeUnknown(request.path_info)
    return Unreachable() if ending is Ending.LOST else Busy()


def _not_now(request: HttpRequest, message: object) -> HttpResponse:
    response = _plain_page(request, "503.html", 503, message)
    response["Retry-After"] = RETRY_AFTER_S
    return response


def _plain_page(
    request: HttpRequest, template: str, status: int, message: object = ""
) -> HttpResponse:
    """A page that asks no database: without what a request knows of its person."""
    # The trouble may have come before the language was found out.
    language = getattr(request, "LANGUAGE_CODE", "") or translation.get_language_from_request(
        request
    )
    context = {"message": message, "request_id": getattr(request, "request_id", "")}
    with translation.override(language):
        return HttpResponse(render_to_string(template, context), status=status)


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
    if is_of_a_system(request):
        return problems.problem(request, 404, "not_found", "There is no such address.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """500 with the request id on it, to be found by; 503 when it was only the database."""
    if (trouble := trouble_of(request, sys.exc_info()[1])) is not None:
        return answer(request, trouble)
    if is_of_a_system(request):
        return problems.server_error(request)
    return _plain_page(request, "500.html", 500)


class LegibleMiddleware:
    """A form that is no UTF-8 is refused whole: what was meant cannot be told, only guessed.

    What is asked by systems they read themselves, from its bytes.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        is_form = request.method == "POST" and not getattr(view, "csrf_exempt", False)
        if is_form and not is_legible(request):
            return answer(request, Refusal("text_unreadable", ILLEGIBLE))
        return None


def is_legible(request: HttpRequest) -> bool:
    """Whether a form is UTF-8 throughout. What else is sent is read by who takes it."""
    if request.content_type == "application/x-www-form-urlencoded":
        try:
            unquote_to_bytes(request.body).decode()
        except UnicodeDecodeError:
            return False
    elif request.content_type == "multipart/form-data":
        # Django has put this sign where there was none.
        return not any("\ufffd" in text for one in request.POST.lists() for text in one[1])
    return True


class EdgeMiddleware:
    """Turns what a view raises into a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, Refusal | Busy | OutcomeUnknown | RecordUnavailable):
            return answer(request, error)
        trouble = trouble_of(request, error)
        return None if trouble is None else answer(request, trouble)

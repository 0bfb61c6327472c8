"""The request around the kernel: its id, its replay, its one Work, its record of what it showed."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, InterfaceError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from audit import clock, companions, guard, outcomes
from audit.access import DataClass, Route, has_shown, record_access
from audit.actor import current_actor, name_request, new_request_id
from audit.command import tidy_connection
from audit.errors import Busy, OutcomeUnknown, RecordUnavailable, Refusal, Unreachable
from audit.flush import flush
from audit.outcomes import Ending
from audit.work import Work, ambient

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponseBase]
REPLAYS = 8


def answer_to(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """The page for an error of the kernel's, made by the edge (`COMPTOIR_EDGE`)."""
    response: HttpResponseBase = import_string(settings.COMPTOIR_EDGE)(request, error)
    return response


class RequestIdMiddleware:
    """Names the request; the name is in every log line, entry and answer, and comes from us."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        guard.forget_announcements()
        request.request_id = new_request_id()  # type: ignore[attr-defined]
        name_request(request.request_id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


class ReplayMiddleware:
    """Runs a request again, fresh from its bytes, when its ambient Work met a conflict.

    A fresh request: nothing of the failed attempt (session, user, messages) can leak into the next.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST" or not uses_ambient_work(request.path_info):
            return self.get_response(request)
        body = request.body
        for attempt in range(REPLAYS):
            fresh = self._again(request, body)
            response = self.get_response(fresh)
            if not getattr(fresh, "met_conflict", False):
                return response
            time.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311
        return answer_to(request, Busy(request.path_info))

    def _again(self, request: HttpRequest, body: bytes) -> HttpRequest:
        fresh = WSGIRequest({**request.META, "wsgi.input": BytesIO(body)})
        fresh.request_id = request.request_id  # type: ignore[attr-defined]
        fresh._dont_enforce_csrf_checks = getattr(  # type: ignore[attr-defined]
            request, "_dont_enforce_csrf_checks", False
        )
        return fresh


def uses_ambient_work(path: str) -> bool:
    """Whether Django or a third party writes by itself under this address."""
    return path.startswith(tuple(settings.AMBIENT_WORK_PREFIXES))


class AmbientWorkMiddleware:
    """The innermost: one durable transaction and one Work around a POST of admin or allauth."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if request.method != "POST" or not uses_ambient_work(request.path_info):
            return None
        match = request.resolver_match
        event = f"request.{match.view_name if match else 'unknown'}".replace(":", ".")
        work = Work(current_actor(), clock.now(), event)
        try:
            return self._inside(work, request, view, args, kwargs)
        except (DatabaseError, InterfaceError, transaction.TransactionManagementError) as error:
            ending = outcomes.of(error)
            tidy_connection()
            # A key that came twice is met at the form when the request runs again.
            if ending in (Ending.CONFLICT, Ending.REPEATED_KEY):
                request.met_conflict = True  # type: ignore[attr-defined]
                # 500 and no other: SessionMiddleware saves the session of every other answer.
                return HttpResponseServerError()
            if ending is Ending.LOST:
                # Before the flush nobody asked for a COMMIT.
                trouble = OutcomeUnknown if work.is_flushing else Unreachable
                return answer_to(request, trouble(request.path_info))
            raise
        except (Refusal, Busy, OutcomeUnknown, RecordUnavailable) as error:
            # What process_view raises never reaches process_exception.
            return answer_to(request, error)

    def _inside(
        self, work: Work, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase:
        with transaction.atomic(durable=True):
            with ambient(work):
                response = self._call(request, view, args, kwargs)
                if isinstance(response, HttpResponse) and hasattr(response, "render"):
                    response = response.render()
            if response.status_code >= 500:
                transaction.set_rollback(True)
            else:
                companions.follow(work)
                flush(work)
        return response

    def _call(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)  # type: ignore[no-any-return]
        except Exception as error:
            # Some answer by raising, and what process_view raises never reaches process_exception.
            answer = import_string(settings.AMBIENT_WORK_FLOW)
            response: HttpResponseBase | None = answer(request, error)
            if response is None:
                raise
            return response


class AccessRecordMiddleware:
    """One access entry for a request that showed data; no entry, no answer."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.routes: dict[str, Route] = import_string(settings.COMPTOIR_ROUTES)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if match is None or response.status_code >= 500:
            return response
        name = match.view_name
        route = self.routes.get(name) or Route(DataClass.SETTINGS)
        # A form that comes back with a refusal (4xx) shows what its page shows.
        showed = response.status_code == 200 or has_shown(request)
        denied = response.status_code in (403, 404) and not showed
        shown = showed and route.data.is_recorded
        if not (shown or denied):
            return response
        try:
            record_access(request, name, route, denied=denied)
        except RecordUnavailable as error:
            return answer_to(request, error)
        return response

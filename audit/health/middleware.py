"""Around every request: it is counted, told in one line, and short-cut when a machine asks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from audit.health import views
from audit.measures import REQUEST_SECONDS, REQUESTS

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponseBase]

SHORT_WAY: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/livez": views.live,
    "/readyz": views.ready,
    "/metrics": views.metrics,
}
"""A probe knows neither the site's name nor https, and a lost database must not stop it."""


class HealthMiddleware:
    """Answers probes before anything that could be in their way; counts everybody else.

    The line holds the route and no address: an address may hold a one-time key out of a mail.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if (view := SHORT_WAY.get(request.path_info)) is not None:
            return view(request)
        began = time.perf_counter()
        response = self.get_response(request)
        took = time.perf_counter() - began
        route, method = _route_of(request), _method_of(request)
        REQUESTS.labels(route, method, response.status_code).inc()
        REQUEST_SECONDS.labels(route).observe(took)
        facts = {"method": method, "status": response.status_code, "took_ms": round(took * 1000)}
        logger.info(route, extra=facts)
        return response


def _route_of(request: HttpRequest) -> str:
    # A request that was run again left its match on the one that ran.
    match = request.resolver_match
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return "none"
    return match.view_name or match.route


def _method_of(request: HttpRequest) -> str:
    # Anybody can send any word; each one would be kept for ever.
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return request.method if request.method in known else "other"

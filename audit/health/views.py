"""For machines that watch machines. None of these shows data of anybody, and none is on record."""

from __future__ import annotations

import hmac
import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from audit.gate import open_to_all
from audit.health.checks import findings
from audit.health.exposition import exposition

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED")


@open_to_all
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """This process answers. It asks nobody, so that a lost database restarts nothing."""
    return HttpResponse("alive\n", content_type="text/plain; charset=utf-8")


@open_to_all
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when this process can serve people, else 503; who may watch is told what was found."""
    found = findings()
    is_ready = all(one.is_well for one in found)
    body: dict[str, object] = {"ready": is_ready}
    if may_watch(request):
        body["checks"] = {one.name: {"well": one.is_well, "said": one.said} for one in found}
    return JsonResponse(body, status=200 if is_ready else 503)


@open_to_all
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Counts and measures in Prometheus's text. 404 for whoever may not watch."""
    if not may_watch(request):
        return HttpResponse(status=404)
    return HttpResponse(exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def may_watch(request: HttpRequest) -> bool:
    """With a `METRICS_TOKEN` whoever bears it, else whoever asks from this machine itself."""
    if settings.METRICS_TOKEN:
        said = request.headers.get("Authorization", "")
        return hmac.compare_digest(said.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    # A proxy on this machine asks for others.
    if any(name in request.META for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False

"""The addresses of the house, and a few of the gate's own."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views import View

from audit.actor import current_actor
from audit.gate import open_to_all, requires, signed_in
from config.urls import urlpatterns as house


def _who(request: HttpRequest) -> HttpResponse:
    actor = current_actor()
    return HttpResponse(f"{actor.kind} {actor.label} {actor.address} {','.join(actor.roles)}")


@open_to_all
def anybody(request: HttpRequest) -> HttpResponse:
    return _who(request)


@signed_in
def somebody(request: HttpRequest) -> HttpResponse:
    return _who(request)


@requires("access.view_user")
def administrators(request: HttpRequest) -> HttpResponse:
    return _who(request)


def undeclared(request: HttpRequest) -> HttpResponse:
    return HttpResponse("never")


@requires("access.view_user")
class Declared(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return _who(request)


here: list[Any] = [
    path("t/open/", anybody),
    path("t/somebody/", somebody),
    path("t/administrators/", administrators),
    path("t/undeclared/", undeclared),
    path("t/class/", Declared.as_view()),
]
desk = ([path("t/home/", somebody, name="home")], "desk")
urlpatterns = [*here, *house, path("", include(desk, namespace="desk"))]

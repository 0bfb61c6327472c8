"""The addresses of the house, and a few of the gate's own."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import RequestContext, Template
from django.urls import include, path
from django.views import View

from audit.actor import current_actor
from audit.gate import open_to_all, requires, signed_in, step_up
from audit.kept import KeepsWork
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


class Letter(KeepsWork, forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, initial="new")
    words = forms.CharField(widget=forms.Textarea, initial="Dear")
    urgent = forms.BooleanField(required=False)


PAGE = Template("{{ form.as_p }}{% if kept_work %}{% include 'partials/kept.html' %}{% endif %}")


def _letter(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return HttpResponse("sent")
    return HttpResponse(PAGE.render(RequestContext(request, {"form": Letter()})))


@signed_in
def letter(request: HttpRequest) -> HttpResponse:
    return _letter(request)


@step_up
@signed_in
def sealed_letter(request: HttpRequest) -> HttpResponse:
    return _letter(request)


@step_up
@signed_in
def sealed_elsewhere(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return HttpResponse("sent")
    return HttpResponseRedirect("/t/sealed/")


@step_up(on_get=True)
@requires("access.view_user")
class Vault(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return _who(request)


here: list[Any] = [
    path("t/open/", anybody),
    path("t/somebody/", somebody),
    path("t/administrators/", administrators),
    path("t/undeclared/", undeclared),
    path("t/class/", Declared.as_view()),
    path("t/letter/", letter),
    path("t/sealed/", sealed_letter),
    path("t/elsewhere/", sealed_elsewhere),
    path("t/vault/", Vault.as_view()),
]
desk = ([path("t/home/", somebody, name="home")], "desk")
urlpatterns = [*here, *house, path("", include(desk, namespace="desk"))]

"""Search: what was typed goes by POST, and an address holds no more than a sealed ticket of it."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from audit import clock
from audit.access import saw
from audit.actor import Actor, current_actor
from audit.gate import signed_in
from audit.masks import mask
from audit.modes import is_live
from audit.search import Found, SearchKind, kinds_for, open_term, plain, seal_term, search
from config.desk.forms import SearchForm

TEMPLATE = "desk/search.html"


@signed_in
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The box, and what can be put into it. Nothing is looked for."""
    kinds = _kinds(current_actor())
    return render(request, TEMPLATE, {"kinds": kinds, "form": SearchForm()})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Look for a term: straight on to the one thing that it names, else to what was found."""
    actor = current_actor()
    kinds = _kinds(actor)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("desk:search"))
    form = SearchForm(request.POST)
    if not form.is_valid():
        context = {"kinds": kinds, "form": form, "term": form.shown_again()}
        return render(request, TEMPLATE, context, status=400)
    term = form.cleaned_data["q"]
    result = search(term, actor, is_live=is_live(request))
    if (one := result.the_one) is not None:
        _note(request, term, result)
        return HttpResponseRedirect(one.url)
    ticket = seal_term(term, actor, clock.now())
    return HttpResponseRedirect(reverse("desk:found", args=[ticket]))


@signed_in
@require_safe
def found(request: HttpRequest, ticket: str) -> HttpResponse:
    """What a search found, by kind. A ticket of somebody else's, or an old one, is told so."""
    actor = current_actor()
    kinds = _kinds(actor)
    term = open_term(ticket, actor, clock.now())
    if term is None:
        context = {"kinds": kinds, "form": SearchForm(), "is_lost": True}
        return render(request, TEMPLATE, context, status=410)
    result = search(term, actor, is_live=is_live(request))
    _note(request, term, result)
    context = {"kinds": kinds, "form": SearchForm(), "term": term, "found": result}
    return render(request, TEMPLATE, context)


def _kinds(actor: Actor) -> list[SearchKind]:
    kinds = kinds_for(actor)
    if not kinds:
        raise PermissionDenied("search")
    return kinds


def _note(request: HttpRequest, term: str, result: Found) -> None:
    """For the record: as what it was looked for, and a digest that tells equal terms."""
    asked = [kind.code for kind in result.asked]
    facts = {"kinds": asked, "term": mask(plain(term).casefold())}
    saw(request, result.objects, facts=facts)

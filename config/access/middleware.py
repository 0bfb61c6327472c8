"""Who is there, and may he open this view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.middleware import AccountMiddleware
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import ResolverMatch, reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor, acting_as
from audit.errors import KernelError, Kind, Refusal
from audit.gate import find_gate, needs_step_up
from audit.kept import giving_back
from audit.middleware import answer_to
from config.access import factors, kept, snapshot, walks

Answer = Callable[[HttpRequest], HttpResponseBase]

POLL_HEADER = "Comptoir-Poll"
"""A part of a page that asks by itself says so: a screen nobody looks at must not stay open."""


READ_ONLY = _("You see the desk as a role: nothing can be done here. End the walk first.")
ENROLMENT = ("mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate")
"""Open to who must have a second factor and has none yet."""
ALWAYS = (
    "access:second_factor",
    "access:stay",
    "account_logout",
    "gateways:webhook",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "set_language",
)
"""What a person may do before he has shown the factor that his role asks for: show it, or leave."""


class ActorMiddleware:
    """Takes the actor once, before any view, and keeps him in force for the whole request.

    A snapshot: what a view changes (an address, a role) does not change who did it. Three queries
    for a signed-in person (session, user, roles with their permissions), none for a visitor.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = request.user
        if user.is_authenticated:
            actor = snapshot.person(user, request)
            speak_to(user, request)
            if POLL_HEADER not in request.headers:
                request.session.touch()  # type: ignore[attr-defined]
            actor = walking(request, actor)
        else:
            actor = snapshot.visitor(request)
        request.actor = actor  # type: ignore[attr-defined]
        with acting_as(actor):
            return self.get_response(request)


class VisitorMiddleware:
    """Everybody is a visitor until a key says otherwise: where there are no people. No query."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.actor = snapshot.visitor(request)  # type: ignore[attr-defined]
        with acting_as(request.actor):  # type: ignore[attr-defined]
            return self.get_response(request)


def walking(request: HttpRequest, actor: Actor) -> Actor:
    """Who walks as a role looks as that role; what he sends, he sends as himself, to be refused."""
    walk = walks.find(request, actor)
    request.walk = walk  # type: ignore[attr-defined]
    if walk is None or request.method not in walks.SAFE:
        return actor
    request.user = walks.disguise(walk, request.user)
    return walks.as_role(walk, actor)


class KeptWorkMiddleware:
    """Gives back what a person had typed, in the page he typed it in, once he is in again.

    Who signs in or out says so on the request (`last_person`); the browser is told here.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        work = kept.find(request)
        with giving_back(work):
            response = self.get_response(request)
        if work is not None:
            kept.after(request, response)
        if hasattr(request, "last_person"):
            kept.remember(response, request.last_person)
        return response


class GateMiddleware:
    """Nothing opens by default: each view says on itself who may (see `audit.gate`).

    allauth's views and the admin's guard themselves and pass by where they come from.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if (answer := self._second_factor(request, match)) is not None:
            return answer
        walk: walks.Walk | None = getattr(request, "walk", None)
        if walk is not None and (answer := self._in_a_walk(request, match)) is not None:
            return answer
        if match is not None and "admin" in match.app_names:
            return self._administration(request, view)
        if view.__module__.startswith("allauth."):
            return None
        gate = find_gate(view)
        if gate is None:
            raise KernelError(f"{_name(match)} does not say who may open it")
        if gate.is_open:
            return None
        if not request.user.is_authenticated:
            return ask_to_sign_in(request)
        actor = request.actor  # type: ignore[attr-defined]
        may = walk.opens if walk is not None else actor.may
        missing = [name for name in gate.permissions if not may(name)]
        if missing:
            raise PermissionDenied(missing[0])
        return self._step_up(request, view)

    def _in_a_walk(
        self, request: HttpRequest, match: ResolverMatch | None
    ) -> HttpResponseBase | None:
        """Nothing is done in a walk but to leave it."""
        if request.method in walks.SAFE or _name(match) in walks.WAYS_OUT:
            return None
        if _name(match) in walks.UNHEARD:
            return HttpResponse(status=204)
        return answer_to(request, Refusal("walk_read_only", READ_ONLY, Kind.FORBIDDEN))

    def _administration(
        self, request: HttpRequest, view: Callable[..., Any]
    ) -> HttpResponseBase | None:
        if not request.user.is_authenticated:
            # Its own way to the sign-in would lose what was typed.
            return ask_to_sign_in(request) if request.method == "POST" else None
        return self._step_up(request, view)

    def _step_up(self, request: HttpRequest, view: Callable[..., Any]) -> HttpResponseBase | None:
        if not needs_step_up(view, request.method) or not request.user.is_authenticated:
            return None
        store: Any = request.session
        return None if store.is_proved else ask_to_prove(request)

    def _second_factor(
        self, request: HttpRequest, match: ResolverMatch | None
    ) -> HttpResponseBase | None:
        """Whose role asks for a second factor sees nothing but the way to one until he shows it."""
        if not request.user.is_authenticated or factors.is_shown(request):
            return None
        in_admin = match is not None and "admin" in match.app_names and settings.ADMIN_REQUIRES_MFA
        if not (in_admin or factors.is_asked(request)) or _name(match) in ALWAYS:
            return None
        if _name(match) in ENROLMENT and not factors.list_main(request.user).exists():
            return None
        return ask_for_factor(request)


def speak_to(user: Any, request: HttpRequest) -> None:
    """In the language that the person chose, wherever he sits."""
    if user.language and user.language in dict(settings.LANGUAGES):
        translation.activate(user.language)
        request.LANGUAGE_CODE = translation.get_language()


def ask_to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """A page leads to the sign-in and back; anything else is told 401. What was typed is kept."""
    back = kept.where_he_was(request)
    if request.method == "POST":
        kept.keep_for_the_last_person(request, back)
    return _lead_to(request, resolve_url(settings.LOGIN_URL), back)


def ask_to_prove(request: HttpRequest) -> HttpResponseBase:
    """Lead a signed-in person to prove himself, and back to where he was with what he typed."""
    back, person = kept.where_he_was(request), request.user.pk
    if request.method == "POST" and person is not None:
        kept.keep(request, person=person, back=back, why="step_up")
    return _lead_to(request, reverse("account_reauthenticate"), back)


def ask_for_factor(request: HttpRequest) -> HttpResponseBase:
    """Lead to the page where a second factor is shown or set up, and back."""
    back, person = kept.where_he_was(request), request.user.pk
    if request.method == "POST" and person is not None:
        kept.keep(request, person=person, back=back, why="second_factor")
    return _lead_to(request, reverse("access:second_factor"), back)


def _lead_to(request: HttpRequest, url: str, back: str) -> HttpResponseBase:
    """To a page that leads back. What asks by itself leads nowhere: somebody may be typing."""
    if POLL_HEADER in request.headers or not request.accepts("text/html"):
        return HttpResponse(status=401)
    if back:
        url = f"{url}?{urlencode({'next': back})}"
    if getattr(request, "htmx", False):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)


def answer_flow(request: HttpRequest, error: Exception) -> HttpResponseBase | None:
    """The page that allauth asks for by raising (sign in again, stop here); None for the rest."""
    flow = AccountMiddleware(lambda _: HttpResponse())
    response: HttpResponseBase | None = flow.process_exception(request, error)
    return response


def _name(match: ResolverMatch | None) -> str:
    return match.view_name if match else "a view"

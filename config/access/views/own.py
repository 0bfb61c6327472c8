"""What a person sets for himself: his language, his sessions."""

from __future__ import annotations

from typing import Any, cast

from allauth.usersessions.adapter import get_adapter as sessions_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.http import require_POST, require_safe

from audit.actor import current_actor
from audit.gate import open_to_all, signed_in
from config.access import factors, kept
from config.access.commands import choose_language
from config.access.models import User

AFTER_FACTOR = "after_factor"


@open_to_all
def set_language(request: HttpRequest) -> HttpResponseBase:
    """For a visitor a cookie; for a person, wherever he signs in."""
    response: HttpResponseBase = i18n.set_language(request)
    wanted = request.POST.get("language", "")
    person = current_actor().user_id
    if request.method == "POST" and person is not None and wanted in dict(settings.LANGUAGES):
        choose_language(user_id=person, language=wanted)
    return response


@signed_in
@require_POST
def stay(request: HttpRequest) -> HttpResponse:
    """Somebody is still there: the idle time begins anew. Told in seconds to who asks by script."""
    store: Any = request.session
    store.touch(step_s=0)
    if request.accepts("text/html"):
        return HttpResponseRedirect(
            kept.where_he_was(request, reverse(settings.LOGIN_REDIRECT_URL))
        )
    return JsonResponse(store.left)


@signed_in
@require_safe
def second_factor(request: HttpRequest) -> HttpResponseBase:
    """Where a second factor is asked for: shown by who has one, set up by who has not."""
    told = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(told, allowed_hosts={request.get_host()}):
        request.session[AFTER_FACTOR] = told
    if factors.is_shown(request):
        home = reverse(settings.LOGIN_REDIRECT_URL)
        return HttpResponseRedirect(request.session.pop(AFTER_FACTOR, home))
    held = {str(one.type) for one in factors.list_main(cast("User", request.user))}
    context = {"held": held, "is_asked": factors.is_asked(request)}
    return render(request, "access/second_factor.html", context)


@signed_in
@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Sign one of one's own devices out. This one signs out by its own button."""
    [*found] = UserSession.objects.filter(pk=session_id, user_id=current_actor().user_id)
    if not found:
        raise Http404
    if found[0].is_current():
        messages.error(request, _("This is the device in front of you: use “Sign out”."))
    else:
        sessions_adapter().end_sessions(found)
        messages.success(request, _("That device is signed out."))
    return HttpResponseRedirect(reverse("usersessions_list"))

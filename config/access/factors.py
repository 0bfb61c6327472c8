"""The second factor of a session: whether its person has shown it, and what ends with it.

allauth asks for a factor at the sign-in of whoever has one; that somebody must have one is ours
(`policy.needs_factor`, the gate). A session remembers for whom a factor was shown, so that it
counts for nobody else.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import get_adapter as sessions_adapter
from allauth.usersessions.models import UserSession
from django.db.models import QuerySet
from django.http import HttpRequest

from config.access.models import User

SHOWN_BY = "factor_of"
MAIN = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""Recovery codes come with one of these and are none by themselves."""


def is_shown(request: HttpRequest) -> bool:
    """Whether the person of this session has shown a second factor in it. No queries."""
    return bool(request.session.get(SHOWN_BY) == str(request.user.pk))


def is_asked(request: HttpRequest) -> bool:
    """Whether this person must show a second factor before anything else opens to him."""
    return bool(getattr(request.user, "needs_factor", False)) and not is_shown(request)


def list_main(user: User) -> QuerySet[Authenticator]:
    """A person's factors, without the recovery codes."""
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user=user, type__in=MAIN)
    return found


def connect() -> None:
    """Listen. Called once, when the apps are ready."""
    signals.authenticator_used.connect(_shown, dispatch_uid="factors.used")
    signals.authenticator_added.connect(_added, dispatch_uid="factors.added")
    signals.authenticator_removed.connect(_removed, dispatch_uid="factors.removed")


def _shown(sender: Any, request: Any, user: User, **_: Any) -> None:
    request.session[SHOWN_BY] = str(user.pk)


def _added(sender: Any, request: Any, user: User, authenticator: Any, **_: Any) -> None:
    """Whoever sets one up has just used it. Sessions from before his first end."""
    if authenticator.type not in MAIN:
        return
    request.session[SHOWN_BY] = str(user.pk)
    if not list_main(user).exclude(pk=authenticator.pk).exists():
        _end_others(request, user)


def _removed(sender: Any, request: Any, user: User, authenticator: Any, **_: Any) -> None:
    """A session that was opened with it must not outlive it."""
    if authenticator.type not in MAIN:
        return
    _end_others(request, user)
    if not list_main(user).exists():
        request.session.pop(SHOWN_BY, None)


def _end_others(request: Any, user: User) -> None:
    others = UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key)
    sessions_adapter().end_sessions(others.order_by("pk"))

"""A person as an actor: roles and permissions at this moment, and where the request came from."""

from __future__ import annotations

import ipaddress
import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.http import HttpRequest

from audit.actor import Actor, ActorKind, new_request_id
from config.access.policy import role_needs_factor

if TYPE_CHECKING:
    from config.access.models import User

SUPERUSER = "superuser"


def client_address(request: HttpRequest) -> str | None:
    """Where the request came from, as far as our own proxies tell it; None when nobody can say.

    Each trusted proxy appends the address it saw: what stands before those was written by the
    client, who may write anything.
    """
    address = request.META.get("REMOTE_ADDR", "")
    count = settings.TRUSTED_PROXY_COUNT
    if count > 0:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(forwarded) >= count:
            address = forwarded[-count]
    try:
        return str(ipaddress.ip_address(address.strip()))
    except ValueError:
        return None


def visitor(request: HttpRequest) -> Actor:
    """Whoever is not signed in. No queries."""
    return Actor(
        ActorKind.VISITOR,
        "visitor",
        request_id=_request_id(request),
        address=client_address(request),
    )


def person(user: User, request: HttpRequest | None = None) -> Actor:
    """A signed-in person, with what he holds now. One query."""
    roles, permissions = held_by(user)
    return Actor(
        ActorKind.USER,
        user.reference,
        user_id=user.pk,
        roles=roles,
        permissions=permissions,
        request_id=_request_id(request),
        address=client_address(request) if request else None,
    )


def find_person(user_id: uuid.UUID, request_id: str) -> Actor | None:
    """Whoever asked for something that goes on without him; None when he may not sign in.

    With what he holds now. Two queries.
    """
    from config.access.models import User

    user = User.objects.filter(pk=user_id, is_active=True).first()
    return person(user).during(request_id) if user else None


def held_by(user: User) -> tuple[tuple[str, ...], frozenset[str]]:
    """The roles and permissions of a person, read now. One query.

    Also what `user.has_perm` and `user.needs_factor` answer from then on: nobody asks again.
    """
    if user.is_superuser:
        every = Permission.objects.order_by().values_list("content_type__app_label", "codename")
        permissions = frozenset(f"{app}.{codename}" for app, codename in every)
        _remember(user, permissions, needs_factor=settings.MONEY_REQUIRES_MFA)
        return (SUPERUSER,), permissions
    held: dict[str, set[str]] = {}
    said: dict[str, bool | None] = {}
    rows = user.groups.order_by().values_list(
        "name",
        "setting__needs_factor",
        "permissions__content_type__app_label",
        "permissions__codename",
    )
    for role, needs_factor, app, codename in rows:
        said[role] = needs_factor
        names = held.setdefault(role, set())
        if codename is not None:
            names.add(f"{app}.{codename}")
    permissions = frozenset().union(*held.values())
    asked = (
        role_needs_factor(names, said[role], by_default=settings.MONEY_REQUIRES_MFA)
        for role, names in held.items()
    )
    _remember(user, permissions, needs_factor=any(asked))
    return tuple(sorted(held)), permissions


def _remember(user: Any, permissions: frozenset[str], *, needs_factor: bool) -> None:
    user.needs_factor = needs_factor
    # Where Django's ModelBackend keeps them.
    user._perm_cache = set(permissions)
    user._user_perm_cache = set()
    user._group_perm_cache = set(permissions)


def _request_id(request: HttpRequest | None) -> str:
    return getattr(request, "request_id", "") or new_request_id()

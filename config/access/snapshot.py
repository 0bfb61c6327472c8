"""A person as an actor: roles and permissions at this moment, and where the request came from."""

from __future__ import annotations

import ipaddress
import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.http import HttpRequest

from audit.actor import Actor, ActorKind, new_request_id

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

    Also what `user.has_perm` will answer from then on, so that nobody asks again.
    """
    roles: set[str] = set()
    names: set[str] = set()
    if user.is_superuser:
        roles.add(SUPERUSER)
        every = Permission.objects.order_by().values_list("content_type__app_label", "codename")
        names.update(f"{app}.{codename}" for app, codename in every)
    else:
        rows = user.groups.order_by().values_list(
            "name", "permissions__content_type__app_label", "permissions__codename"
        )
        for role, app, codename in rows:
            roles.add(role)
            if codename is not None:
                names.add(f"{app}.{codename}")
    permissions = frozenset(names)
    _remember(user, permissions)
    return tuple(sorted(roles)), permissions


def _remember(user: Any, permissions: frozenset[str]) -> None:
    # Where Django's ModelBackend keeps them.
    user._perm_cache = set(permissions)
    user._user_perm_cache = set()
    user._group_perm_cache = set(permissions)


def _request_id(request: HttpRequest | None) -> str:
    return getattr(request, "request_id", "") or new_request_id()

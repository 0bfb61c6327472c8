"""Who may do what: every role beside every permission, and one person's sum."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib.auth.models import Permission
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.access import saw
from audit.approvals.models import ApprovalLimit
from audit.gate import requires
from audit.reading import get_reading
from config.access import factors
from config.access.models import User
from config.access.queries import HeldRole, list_grantable, list_roles
from config.access.words import code_of, say


@dataclass(frozen=True, slots=True)
class Line:
    """A permission in plain words, and how each role stands to it."""

    code: str
    words: str
    cells: list[Any]


@dataclass(frozen=True, slots=True)
class RoleLink:
    """A role, and the desk as it sees it."""

    words: Any
    url: str


@dataclass(frozen=True, slots=True)
class Area:
    """The permissions of one app."""

    name: Any
    lines: list[Line]


def by_area(permissions: Iterable[Permission], roles: list[HeldRole]) -> list[Area]:
    """What roles hold of these permissions, app by app. They come ordered by app."""
    areas = get_reading().areas
    return [
        Area(
            areas.get(app, app),
            [
                Line(code_of(one), say(one), [(role, role.stands(code_of(one))) for role in roles])
                for one in found
            ],
        )
        for app, found in groupby(permissions, key=lambda one: one.content_type.app_label)
    ]


@requires("auth.view_group")
@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    """Roles and permissions as the database has it; what differs from the table is marked."""
    roles = list_roles()
    saw(request, [role.group for role in roles])
    areas = by_area(list_grantable(), roles)
    context = {"roles": roles, "areas": areas, "differ": [one for one in roles if one.differs]}
    return render(request, "access/matrix.html", context)


@requires("access.view_user")
@require_safe
def person(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """What one person may do, and which role gives it to him."""
    found = User.objects.filter(pk=person_id).first()
    if found is None:
        raise Http404
    saw(request, found)
    roles = list_roles(found.groups.all())
    held = frozenset().union(*(role.held for role in roles))
    permissions = [one for one in list_grantable() if code_of(one) in held]
    limits = ApprovalLimit.objects.filter(role__in=[role.group for role in roles])
    context = {
        "person": found,
        "role_links": [
            RoleLink(role.label, reverse("desk:role_preview", args=[role.group.pk]))
            for role in roles
        ],
        "areas": by_area(permissions, roles),
        "limits": limits.select_related("role").order_by("currency", "-max_minor"),
        "needs_factor": any(role.needs_factor for role in roles),
        "has_factor": factors.list_main(found).exists(),
    }
    return render(request, "access/effective.html", context)

"""What is known of people and roles."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from config.access.models import RoleSetting, User
from config.access.policy import Grant, role_needs_factor
from config.access.roles import GRANTABLE


def list_grantable() -> QuerySet[Permission]:
    """The permissions that roles may hold, in the order of their apps."""
    wanted = Q()
    for name in sorted(GRANTABLE):
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    return (
        Permission.objects.filter(wanted)
        .select_related("content_type")
        .order_by("content_type__app_label", "codename")
    )


def as_grants(groups: Iterable[Group]) -> list[Grant]:
    """Groups with what they hold. One query, however many."""
    keys = [group.pk for group in groups]
    held: dict[str, set[str]] = {}
    rows = (
        Group.objects.filter(pk__in=keys)
        .order_by("name")
        .values_list("name", "permissions__content_type__app_label", "permissions__codename")
    )
    for name, app, codename in rows:
        names = held.setdefault(name, set())
        if codename is not None:
            names.add(f"{app}.{codename}")
    return [Grant(name, frozenset(names)) for name, names in held.items()]


def names_of(permissions: Iterable[Permission]) -> frozenset[str]:
    """Permissions as `app.codename`."""
    return frozenset(f"{one.content_type.app_label}.{one.codename}" for one in permissions)


def list_held_beside(group: Group) -> list[frozenset[str]]:
    """For each member of a role, the permissions he holds through his other roles. One query."""
    held: dict[object, set[str]] = {}
    members = User.objects.filter(groups=group).values("pk")
    rows = (
        Group.objects.filter(user__in=members)
        .order_by("pk")
        .values_list(
            "user",
            "pk",
            "permissions__content_type__app_label",
            "permissions__codename",
        )
    )
    for person, role, app, codename in rows:
        names = held.setdefault(person, set())
        if role != group.pk and codename is not None:
            names.add(f"{app}.{codename}")
    return [frozenset(names) for names in held.values()]


def role_asks_for_factor(group: Group) -> bool:
    """Whether who holds this role must show a second factor. Two queries; none for a new role."""
    if group._state.adding:
        return False
    said = RoleSetting.objects.filter(role=group).values_list("needs_factor", flat=True).first()
    held = names_of(group.permissions.select_related("content_type").order_by("pk"))
    return role_needs_factor(held, said, by_default=settings.MONEY_REQUIRES_MFA)

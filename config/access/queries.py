"""What is known of people and roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.keyset import key_begins_with
from config.access.models import RoleSetting, User
from config.access.policy import Grant, role_needs_factor
from config.access.roles import GRANTABLE, ROLES


def references_in(text: str) -> Q:
    """The person a reference (`U-7F3A09BC`) stands for, as a range of keys; nobody for the rest."""
    return key_begins_with(text.strip().upper().removeprefix("U-"))


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


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role as it stands in the database, beside what the table of roles says."""

    group: Group
    held: frozenset[str]
    needs_factor: bool

    @property
    def label(self) -> Any:
        role = ROLES.get(self.group.name)
        return role.label if role else self.group.name

    @property
    def about(self) -> Any:
        role = ROLES.get(self.group.name)
        return role.about if role else _("Made by an administrator.")

    @property
    def is_staff(self) -> bool:
        """Whether people of this role work in the administration."""
        role = ROLES.get(self.group.name)
        return bool(role and role.is_staff)

    def stands(self, permission: str) -> str:
        """`held`, `added` (held beyond the table), `taken` (the table has it), or nothing."""
        role, is_held = ROLES.get(self.group.name), permission in self.held
        if role is None or is_held == (permission in role.permissions):
            return "held" if is_held else ""
        return "added" if is_held else "taken"

    @property
    def differs(self) -> bool:
        role = ROLES.get(self.group.name)
        return role is not None and role.permissions != self.held


def list_roles(groups: QuerySet[Group] | None = None) -> list[HeldRole]:
    """Roles with all they hold: those of the table first, in its order. Two queries."""
    found = list((Group.objects.all() if groups is None else groups).select_related("setting"))
    held = {grant.name: grant.permissions for grant in as_grants(found)}
    order = {code: place for place, code in enumerate(ROLES)}
    found.sort(key=lambda group: (order.get(group.name, len(order)), group.name))
    return [
        HeldRole(group, held[group.name], _needs_factor(group, held[group.name])) for group in found
    ]


def _needs_factor(group: Group, held: frozenset[str]) -> bool:
    setting = getattr(group, "setting", None)
    said = setting.needs_factor if setting is not None else None
    return role_needs_factor(held, said, by_default=settings.MONEY_REQUIRES_MFA)

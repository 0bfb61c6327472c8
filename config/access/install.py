"""The groups of the table of roles, made when the database is."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS, connection, transaction

from audit.actor import acting_as, installer
from audit.models import LogEntry
from config.access.roles import TABLE, Role

NEEDED = (Group._meta.db_table, Permission._meta.db_table, LogEntry._meta.db_table)


def after_migrate(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Make the groups that are missing, once every app has made its permissions."""
    if using != DEFAULT_DB_ALIAS or sender is not _last_app():
        return
    tables = set(connection.introspection.table_names())
    if tables.issuperset(NEEDED):
        with acting_as(installer()):
            make_missing_roles()


def _last_app() -> AppConfig:
    return [app for app in apps.get_app_configs() if app.models_module is not None][-1]


def make_missing_roles() -> list[str]:
    """Groups that are not there yet, with their permissions; what an administrator edited stays."""
    there = set(Group.objects.values_list("name", flat=True))
    missing = [role for role in TABLE if role.code not in there]
    if not missing:
        return []
    known = _permissions()
    with transaction.atomic():
        for role in missing:
            group = Group.objects.create(name=role.code)
            group.permissions.set(_of(role, known))
    return [role.code for role in missing]


def restore_roles() -> dict[str, int]:
    """Give each role back exactly what the table says; returns how many permissions changed."""
    make_missing_roles()
    known = _permissions()
    changed: dict[str, int] = {}
    with transaction.atomic():
        groups = {group.name: group for group in Group.objects.prefetch_related("permissions")}
        for role in TABLE:
            group, wanted = groups[role.code], set(_of(role, known))
            held = {one.pk for one in group.permissions.all()}
            if different := held ^ {one.pk for one in wanted}:
                group.permissions.set(wanted)
                changed[role.code] = len(different)
    return changed


def unknown_permissions() -> list[str]:
    """Permissions of the table that no installed app has made."""
    known = _permissions()
    return sorted({name for role in TABLE for name in role.permissions} - set(known))


def _permissions() -> dict[str, Permission]:
    rows = Permission.objects.select_related("content_type").order_by("pk")
    return {f"{one.content_type.app_label}.{one.codename}": one for one in rows}


def _of(role: Role, known: dict[str, Permission]) -> list[Permission]:
    return [known[name] for name in sorted(role.permissions) if name in known]

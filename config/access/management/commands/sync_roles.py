from typing import Any

from django.core.management.base import BaseCommand

from config.access.install import restore_roles, unknown_permissions


class Command(BaseCommand):
    help = "Give every role back exactly the permissions of the table of roles."

    def handle(self, *args: Any, **options: Any) -> None:
        changed = restore_roles()
        for code, count in changed.items():
            self.stdout.write(f"{code}: {count} permission(s) restored")
        for name in unknown_permissions():
            self.stderr.write(f"no such permission: {name}")
        if not changed:
            self.stdout.write("every role is as the table says")

"""Django's `migrate`, done by the installer and with the guard out of its way."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from audit.actor import acting_as, installer
from audit.guard import suspended


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> Any:
        with acting_as(installer()), suspended():
            return super().handle(*args, **options)

"""`manage.py rotate_keys`: everything under the first key of the keyring; what then may go."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import rotation
from audit.actor import acting_as, operator
from audit.keyring import key_provider
from audit.rotation import Progress, Sealed
from audit.seal_keys import endorse_keys


class Command(BaseCommand):
    help = (
        "Wrap and seal everything anew under the first key of the keyring. Put the new key in "
        "front in every process and restart them first. May be stopped and run again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing: say what is under which key"
        )
        parser.add_argument("--batch", type=int, default=rotation.BATCH, help="rows at a time")

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as(operator("rotate_keys")):
            if not options["check"]:
                self._rotate(options["batch"])
            self._check()

    def _rotate(self, size: int) -> None:
        provider = key_provider()
        self.stdout.write(f"key {provider.current_id} is the first of {len(provider.ids)}")
        endorse_keys(key_ids=list(provider.ids[1:]))
        for sealed in rotation.registry.values():
            self._rotate_one(sealed, size)

    def _rotate_one(self, sealed: Sealed, size: int) -> None:
        last = Progress(sealed.name, 0)
        for last in rotation.rotate(sealed, size=size):
            self.stdout.write(f"  {last.name}: {last.seen} of {last.total}, {last.renewed} renewed")
            self.stdout.flush()
        if last.unreadable:
            self.stderr.write(f"  {last.name}: {last.unreadable} do not open with any key here")

    def _check(self) -> None:
        """Looks at all of it again. Ends with an error while anything is under an old key."""
        provider = key_provider()
        old: dict[str, list[str]] = {}
        for sealed in rotation.registry.values():
            for key_id, count in rotation.keys_in_use(sealed).items():
                if key_id != provider.current_id:
                    old.setdefault(key_id, []).append(f"{count} {sealed.name}")
        for key_id, what in old.items():
            self.stdout.write(f"key {key_id} still opens: {', '.join(what)}")
        if old:
            raise CommandError("run it again: something is under an old key still")
        self._say_what_may_go(provider.ids[1:], provider.root_id)

    def _say_what_may_go(self, ids: tuple[str, ...], root_id: str) -> None:
        self.stdout.write(self.style.SUCCESS("everything is under the first key"))
        for key_id in ids:
            if key_id == root_id:
                self.stdout.write(
                    f"key {key_id} is also the root: give it a second line named root, "
                    "then its own line may be taken out"
                )
            else:
                self.stdout.write(f"key {key_id} may be taken out of the keyring")

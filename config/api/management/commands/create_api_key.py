"""Make a key of the API and show its secret, once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import clock
from audit.actor import acting_as, operator
from audit.errors import Refusal
from config.api.commands import create_api_key, make_secret_arguments
from config.api.policy import new_secret
from config.api.scopes import SCOPES
from payments.parties.models import Merchant


class Command(BaseCommand):
    help = "Make an API key for a merchant. Its secret is printed once and cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--merchant", required=True, help="The merchant's reference, M-…")
        parser.add_argument("--scopes", required=True, nargs="+", metavar="SCOPE", help=_scopes())
        parser.add_argument("--name", default="Made at the shell")
        parser.add_argument("--live", action="store_true", help="A key that moves real money.")
        parser.add_argument("--days", type=int, help="Closes by itself after so many days.")

    def handle(self, *args: Any, **options: Any) -> None:
        merchant = Merchant.objects.filter(reference=options["merchant"].upper()).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {options['merchant']}.")
        secret = new_secret(is_live=options["live"])
        days = options["days"]
        try:
            with acting_as(operator("create_api_key")):
                made = create_api_key(
                    merchant_id=merchant.pk,
                    name=options["name"],
                    scopes=_split(options["scopes"]),
                    is_live=options["live"],
                    expires_at=clock.now() + timedelta(days=days) if days else None,
                    key=uuid.uuid4().hex,
                    **make_secret_arguments(secret),
                )
        except Refusal as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self.stderr.write(f"{made.reference} for {merchant.reference}: {', '.join(made.scopes)}")
        # Alone on standard output, so that it can be piped into a vault.
        self.stdout.write(secret.text)


def _scopes() -> str:
    return f"One or more of {', '.join(SCOPES)}; or all."


def _split(given: list[str]) -> list[str]:
    scopes = [scope for text in given for scope in text.split(",") if scope]
    return list(SCOPES) if scopes == ["all"] else scopes

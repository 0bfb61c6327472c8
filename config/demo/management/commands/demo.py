"""Fill the house with a business that never was: `manage.py demo --payments 500 --months 13`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import clock
from audit.errors import Refusal
from audit.outbox.steps import silent
from config.access.roles import find_role
from config.demo.people import COLLEAGUES, PASSWORD
from config.demo.plan import make_plan
from config.demo.play import Player
from payments.gateways.errors import GatewayError
from payments.models import Payment

WIDTH = 30


@contextmanager
def quiet_calls() -> Iterator[None]:
    """No line for each call to the provider: they would drown the bar."""
    logger = logging.getLogger("payments.gateways")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


class Command(BaseCommand):
    help = "Load the demo. A second run with the same seed changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--payments", type=int, default=500)
        parser.add_argument("--months", type=int, default=13)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--if-empty", action="store_true", help="Only without any payment.")
        parser.add_argument("--accounts", action="store_true", help="Only list the accounts.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["accounts"]:
            self.list_accounts()
            return
        if not settings.DEMO:
            raise CommandError("The demo is not for production (DEMO is off).")
        if options["payments"] < 1 or options["months"] < 1:
            raise CommandError("--payments and --months must be at least 1.")
        self.total, self.done = options["payments"], 0
        if options["if_empty"] and self.is_there(options["seed"]):
            return
        until = clock.now()
        sales = make_plan(
            payments=self.total, months=options["months"], seed=options["seed"], until=until
        )
        try:
            with silent(), quiet_calls():
                Player(options["seed"], until, self.tell).play(sales)
        except Refusal as refusal:
            if refusal.code != "key_reused":
                raise
            raise CommandError(
                f"Seed {options['seed']} was played here with other numbers: take another --seed."
            ) from None
        except GatewayError:
            raise CommandError(
                f"The sandbox provider does not answer at {settings.SANDBOX_URL}: is it running?"
            ) from None
        self.stdout.write(f"\r{self.total} payments over {options['months']} months.{' ' * WIDTH}")

    def is_there(self, seed: int) -> bool:
        """Whether nothing is left to load: other payments, or all of this demo's."""
        mine = Payment.objects.filter(key__startswith=f"demo:{seed}:payment:").count()
        if mine == 0:
            return Payment.objects.exists()
        return bool(mine >= self.total)

    def tell(self, more: int) -> None:
        self.done += more
        full = self.done * WIDTH // self.total
        end = "" if sys.stdout.isatty() else "\n"
        bar = "█" * full + "░" * (WIDTH - full)
        self.stdout.write(f"\rdemo {bar} {self.done}/{self.total}", ending=end)
        self.stdout.flush()

    def list_accounts(self) -> None:
        for one in COLLEAGUES:
            role = str(find_role(one.role).label)
            self.stdout.write(f"{role:24} {one.email:24} {PASSWORD}")

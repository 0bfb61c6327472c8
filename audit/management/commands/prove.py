"""`manage.py prove`: compute the proofs of the books, and name what is off."""

import json
import sys
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit import proofs

MOST_SHOWN = 1000
"""Findings of one proof that are told; the rest is counted by the next run."""


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    looked_at: int | None
    findings: list[str]

    @property
    def holds(self) -> bool:
        return not self.findings


class Command(BaseCommand):
    help = "Recompute the proofs of the books. Ends with 1 and names what is off, else with 0."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        results = [prove(one) for one in proofs.registry.values()]
        holds = all(result.holds for result in results)
        if options["json"]:
            told = {"holds": holds, "proofs": [asdict(one) for one in results]}
            self.stdout.write(json.dumps(told, indent=2))
        else:
            for result in results:
                self.tell(result)
        if not holds:
            sys.exit(1)

    def tell(self, result: Result) -> None:
        mark = self.style.SUCCESS("holds") if result.holds else self.style.ERROR("OFF  ")
        looked_at = "" if result.looked_at is None else f" ({result.looked_at})"
        self.stdout.write(f"{mark} {result.name}{looked_at}")
        for finding in result.findings:
            self.stdout.write(f"      {finding}")


def prove(one: proofs.Registered) -> Result:
    """Run one proof; findings beyond a thousand are left off."""
    findings = list(islice(one.proof(), MOST_SHOWN))
    return Result(one.name, one.count() if one.count else None, findings)

"""`manage.py verify_audit`: whether the log still says what was sealed."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audit.verifying import Report, verify


class Command(BaseCommand):
    help = (
        "Check every seal of the log, every sealed entry and every anchor outside the database. "
        "Ends with 1 and names the first entry that was edited, removed, inserted or reordered."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify()
        if options["json"]:
            told = {"holds": report.holds, **asdict(report)}
            self.stdout.write(json.dumps(told, indent=2, default=str))
        else:
            self.tell(report)
        if not report.holds:
            sys.exit(1)

    def tell(self, report: Report) -> None:
        mark = self.style.SUCCESS("holds") if report.holds else self.style.ERROR("OFF  ")
        self.stdout.write(
            f"{mark} {report.entries} entries in {report.seals} seals, "
            f"{report.pending} not sealed yet, {report.anchors} anchors"
        )
        for finding in report.findings:
            self.stdout.write(f"      {finding}")

"""What rings by the clock."""

from __future__ import annotations

from celery import shared_task

from audit.actor import acting_as, system
from audit.sealing import seal_entries


@shared_task(name="audit.seal")
def seal() -> None:
    """Seal the new entries of the log."""
    with acting_as(system("audit.seal")):
        seal_entries()

"""What nobody brings back any more."""

from __future__ import annotations

from celery import shared_task

from audit.actor import acting_as, system
from audit.lists.commands import tidy_views


@shared_task(name="lists.tidy")
def tidy() -> None:
    """Delete views that were removed long ago."""
    with acting_as(system("lists.tidy")):
        while tidy_views():
            pass

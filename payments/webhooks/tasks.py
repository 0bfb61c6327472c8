"""The bell, and what rings by the clock."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from audit.actor import acting_as, system
from payments.webhooks.commands.deliveries import tidy_deliveries
from payments.webhooks.delivering import postman


@shared_task(name="webhooks.deliver")
def deliver() -> None:
    """Wake the thread that delivers. The worker goes on at once with what else there is."""
    postman.wake()


@shared_task(name="webhooks.tidy")
def tidy() -> None:
    """Remove old deliveries, some at a time."""
    with acting_as(system("webhooks.tidy")):
        while tidy_deliveries(kept_days=settings.WEBHOOKS_KEPT_DAYS):
            pass

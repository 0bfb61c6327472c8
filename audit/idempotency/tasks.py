"""What rings by the clock for keys."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings

from audit import clock
from audit.actor import acting_as, system
from audit.errors import Busy, OutcomeUnknown, Refusal
from audit.idempotency.commands import tidy_records
from audit.idempotency.http import complete
from audit.idempotency.queries import list_unanswered

logger = logging.getLogger(__name__)
BATCH = 100


@shared_task(name="idempotency.complete")
def complete_unanswered() -> None:
    """Keep the answers that requests did not live to give."""
    with acting_as(system("idempotency.complete")):
        for record in list_unanswered(clock.now(), BATCH):
            try:
                complete(record)
            except (Refusal, Busy, OutcomeUnknown) as trouble:
                logger.info("key %s stays open: %s", record.pk, type(trouble).__name__)


@shared_task(name="idempotency.tidy")
def tidy() -> None:
    """Forget old keys, a thousand at a time."""
    with acting_as(system("idempotency.tidy")):
        while tidy_records(kept_days=settings.IDEMPOTENCY_KEPT_DAYS):
            pass

"""Requests that nobody decided."""

from __future__ import annotations

import logging

from celery import shared_task

from audit import clock
from audit.actor import acting_as, system
from audit.approvals.kinds import approvable
from audit.approvals.queries import list_expired
from audit.errors import Refusal

logger = logging.getLogger(__name__)


@shared_task(name="approvals.expire")
def expire() -> None:
    """Expire what is past its time; the command of the kind checks again under its own Work."""
    with acting_as(system("approvals.expire")):
        for approval in list_expired(clock.now(), 100):
            try:
                approvable(approval.kind).expire(subject_id=approval.subject_id)
            except Refusal as refusal:
                logger.info("%s stays: %s", approval, refusal.code)

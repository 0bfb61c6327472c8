"""What becomes of payments that nobody confirms."""

from __future__ import annotations

import logging

from celery import shared_task

from audit import clock
from audit.actor import acting_as, system
from audit.errors import Busy, OutcomeUnknown, Refusal
from payments.commands.intents import lapse_intent
from payments.queries.due import intents_to_lapse

logger = logging.getLogger(__name__)
BATCH = 200


@shared_task(name="payments.lapse_intents")
def lapse_intents() -> None:
    """Let go of prepared payments whose time is over."""
    with acting_as(system("payments.lapse_intents")):
        for payment in intents_to_lapse(clock.now(), BATCH):
            try:
                lapse_intent(payment_id=payment.pk)
            except (Refusal, Busy, OutcomeUnknown) as trouble:
                logger.info("payment %s stays: %s", payment.pk, type(trouble).__name__)

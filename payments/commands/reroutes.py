"""Going to the next provider when one could not be reached, and surely did nothing."""

from __future__ import annotations

import uuid

from audit.command import command
from audit.errors import Refusal
from audit.outbox.steps import is_held
from audit.work import Work
from payments.models import Attempt
from payments.policy import UNREACHED
from payments.states import Event, move, settle
from payments.steps import ANSWERED, add_attempt, load_attempt


@command("payments.attempt.rerouted", moves_money=True)
def reroute_authorization(
    work: Work, *, attempt_id: uuid.UUID, message_id: uuid.UUID, lease: uuid.UUID, key: str
) -> Attempt | None:
    """Fail an attempt that surely never reached its provider and begin another at the next account.

    The caller vouches that nothing was sent by anybody before him; that nobody has begun since is
    looked up here: his message must still be leased to him. None where there is no other account
    that takes the payment now, or where it is not his any more: nothing has changed then.
    """
    attempt, payment = load_attempt(work, attempt_id)
    if attempt.status != Attempt.Status.PENDING or not is_held(message_id, lease):
        return None
    tried = set(
        Attempt.objects.filter(payment_id=payment.pk, raw_decline_code=UNREACHED).values_list(
            "account_id", flat=True
        )
    )
    try:
        following = add_attempt(
            work,
            payment,
            attempt.card,
            number=attempt.number + 1,
            key=key,
            tried=tried | {attempt.account_id},
        )
    except Refusal:
        return None
    move(work, attempt, Event.ATTEMPT_REROUTED, raw_decline_code=UNREACHED, **ANSWERED)
    settle(work, payment, following, "payments.attempt.rerouted")
    names = {"from": str(attempt.account or attempt.connector), "to": str(following.account)}
    work.record("payments.attempt.rerouted", obj=payment, data=names)
    return following

"""Having more held than was asked for first. Each try stays on record as a row."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.ledger.money import Money
from payments.models import Attempt, Increment
from payments.policy import increment_decision
from payments.retrying import FIRST_LOOK
from payments.states import Event, move, settle
from payments.steps import (
    ANSWERED,
    NOTHING_SAID,
    Silence,
    ask_again,
    lose,
    replay_or_load,
)

REQUESTED = "payments.increment.requested"
RAISED = "payments.attempt.raised"
WAITS = (Increment.Status.PENDING, Increment.Status.UNKNOWN, Increment.Status.CONFLICTED)
HOLDING = (Attempt.Status.AUTHORIZED, Attempt.Status.CLOSING)


@command(REQUESTED, moves_money=True)
def increment_authorization(
    work: Work,
    *,
    payment_id: uuid.UUID,
    amount: Money,
    key: str,
    seen_authorized: int | None = None,
) -> Increment:
    """Ask the provider to hold `amount` more.

    `seen_authorized` (minor units) is what the person saw held in all: another value now is a
    conflict. A repeat with the same key answers the first row. 3 SELECTs, 4 statements to write.
    """
    found = replay_or_load(work, Increment, payment_id)
    if isinstance(found, Increment):
        return found
    payment, attempt = found
    if seen_authorized is not None and seen_authorized != payment.authorized_minor:
        raise Refusal(
            "stale",
            _("The amount has changed meanwhile: look again."),
            Kind.CONFLICT,
            about=payment,
        )
    decision = increment_decision(work.actor, payment, attempt, amount, work.now)
    if not decision:
        raise Refusal("increment_refused", decision.reason, Kind.CONFLICT, about=payment)
    increment = Increment(
        key=key,
        fingerprint=work.fingerprint,
        payment=payment,
        attempt=attempt,
        connector=attempt.connector,
        amount_minor=amount.minor,
        currency=amount.currency,
        requested_by_id=work.actor.user_id,
        created_at=work.now,
        ask_at=work.now + FIRST_LOOK,
    )
    work.add(increment)
    settle(
        work,
        payment,
        attempt,
        REQUESTED,
        increment_pending_minor=payment.increment_pending_minor + amount.minor,
        increment_count=payment.increment_count + 1,
    )
    work.later("payments.send_increment", increment_id=increment.pk)
    return increment


@command("payments.increment.succeeded", moves_money=True)
def record_increment_result(
    work: Work, *, increment_id: uuid.UUID, answer: OperationAnswer, key: str
) -> Increment:
    """Record what the issuer said of an increase. A repeat, early or late, changes nothing.

    An answer about another amount settles nothing: the increase waits for a person.
    """
    increment = work.load_one(
        Increment.objects.filter(pk=increment_id), also=("payment", "attempt")
    )
    apply_increment_answer(work, increment, answer)
    return increment


def apply_increment_answer(work: Work, increment: Increment, answer: OperationAnswer) -> None:
    """Move an increase that is waited for along its machine, with what follows from it."""
    if increment.status not in WAITS:
        return
    if answer.status is OperationStatus.PENDING:
        reference = answer.reference[:80]
        work.change(increment, provider_reference=reference, **ask_again(increment, work.now))
    elif answer.status is OperationStatus.FAILED:
        _record_failure(work, increment, answer.failure_code[:40])
    elif answer.amount != increment.amount:
        _lose(work, increment, Silence(answer.raw_status, does_not_fit=True, found=answer.amount))
    else:
        _record_success(work, increment, answer)


def _record_failure(work: Work, increment: Increment, code: str) -> None:
    payment = increment.payment
    event = Event.INCREMENT_FAILED
    move(work, increment, event, failure_code=code, settled_at=work.now, **ANSWERED)
    pending = payment.increment_pending_minor - increment.amount_minor
    settle(work, payment, increment.attempt, event.value, increment_pending_minor=pending)


def _record_success(work: Work, increment: Increment, answer: OperationAnswer) -> None:
    payment, attempt = increment.payment, increment.attempt
    event = Event.INCREMENT_SUCCEEDED
    move(
        work,
        increment,
        event,
        provider_reference=answer.reference[:80],
        raw_status=answer.raw_status[:80],
        settled_at=work.now,
        **ANSWERED,
    )
    amounts = {"increment_pending_minor": payment.increment_pending_minor - increment.amount_minor}
    if attempt.status in HOLDING:
        # What was let go of meanwhile took the increase with it.
        authorized = payment.authorized_minor + increment.amount_minor
        work.change(
            attempt,
            event=RAISED,
            approved_minor=attempt.approved_minor + increment.amount_minor,
        )
        amounts["authorized_minor"] = authorized
        owed = authorized + payment.capture_voided_minor
        amounts["amount_minor"] = max(payment.amount_minor, owed)
    settle(work, payment, attempt, event.value, **amounts)


@command("payments.increment.lost")
def record_increment_lost(
    work: Work, *, increment_id: uuid.UUID, silence: Silence = NOTHING_SAID
) -> Increment:
    """Nobody knows whether more is held: it is asked for again."""
    increment = work.load_one(Increment.objects.filter(pk=increment_id))
    if increment.status in WAITS:
        _lose(work, increment, silence)
    return increment


def _lose(work: Work, increment: Increment, silence: Silence) -> None:
    lose(
        work,
        increment,
        silence,
        lost=Event.INCREMENT_LOST,
        conflicted=Event.INCREMENT_CONFLICTED,
    )

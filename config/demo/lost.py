"""Answers of the provider that never came, and money that turned up after the payment had failed.

Each step looks first whether it was done: played again, nothing changes.
"""

from __future__ import annotations

from datetime import timedelta

from audit import clock
from audit.actor import Actor, acting_as, system
from payments.commands.payments import record_authorization_lost
from payments.models import Attempt, LateAuthorization, Payment
from payments.queries.payments import get_attempt
from payments.tasks.asking import gateway_of
from payments.tasks.resolve import settle

UNHEARD_AFTER = timedelta(seconds=8)
ASKED_AFTER = timedelta(minutes=6)
ARRIVED_AFTER = timedelta(minutes=40)


def _resolver() -> Actor:
    return system("payments.resolve_unknown")


def lose(payment: Payment) -> None:
    """The call to the provider has no answer."""
    attempt = Attempt.objects.get(payment=payment)
    if attempt.status == Attempt.Status.PENDING:
        lost_at = attempt.created_at + UNHEARD_AFTER
        with acting_as(system("payments.send_authorization")), clock.at(lost_at):
            record_authorization_lost(attempt_id=attempt.pk)


def turn_up(payment: Payment, *, is_taken: bool) -> None:
    """The provider has never heard of it when it is asked; then the call arrives at last.

    `is_taken`: and somebody takes the money on the provider's own pages.
    """
    attempt = get_attempt(Attempt.objects.get(payment=payment).pk)
    if attempt.status != Attempt.Status.UNKNOWN:
        return
    with acting_as(_resolver()), clock.at(attempt.created_at + ASKED_AFTER):
        settle(attempt)
    arrived_at = attempt.created_at + ARRIVED_AFTER
    with acting_as(_resolver()), clock.at(arrived_at):
        gateway = gateway_of(attempt)
        answer = gateway.authorize(
            key=str(attempt.pk),
            amount=attempt.amount,
            card_token=attempt.card.token,
            reference=payment.reference,
            occurred_at=arrived_at,
        )
        if is_taken:
            gateway.capture(
                key=f"taken-{attempt.pk}",
                authorization_reference=answer.reference,
                amount=attempt.amount,
                occurred_at=arrived_at,
            )


def come_to_nothing(payment: Payment) -> None:
    """Nobody keeps it in time, so it is to go back."""
    late = (
        LateAuthorization.objects.filter(payment=payment).select_related("attempt__account").first()
    )
    if late is not None and late.ask_at is not None:
        with acting_as(_resolver()), clock.at(late.ask_at):
            settle(late)

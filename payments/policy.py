"""May I, and if not, why not. Pure: the page shows the same answer beside its button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import Actor, ActorKind
from payments.ledger.money import Money
from payments.models import Attempt, Payment

OURSELVES = {ActorKind.SYSTEM, ActorKind.OPERATOR}


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` says why not, or (allowed) what must still happen."""

    allowed: bool
    reason: Any = ""
    needs_second_person: bool = False

    def __bool__(self) -> bool:
        return self.allowed


YES = Decision(True)


def _holds(actor: Actor, permission: str) -> bool:
    return actor.kind in OURSELVES or actor.may(permission)


def refund_decision(
    actor: Actor, payment: Payment, amount: Money | None, limit_minor: int | None
) -> Decision:
    """Whether `actor` may refund `amount` (None: anything at all, for a page).

    `limit_minor` is his own limit in the payment's currency; above it, or without one, a second
    person decides. Tasks of ours have no limit.
    """
    if not _holds(actor, "payments.refund_payment"):
        return Decision(False, _("Your role does not refund payments."))
    if payment.captured_minor == 0:
        return Decision(False, _("Nothing has been captured, so there is nothing to refund."))
    if payment.disputed_minor > 0:
        return Decision(False, _("A dispute is open: the bank has taken the money already."))
    if payment.refundable.minor == 0:
        return Decision(False, _("Everything captured has been refunded or is on its way back."))
    if amount is None:
        return YES
    if amount.currency != payment.currency:
        return Decision(False, _("The currency is not that of the payment."))
    if amount.minor <= 0:
        return Decision(False, _("The amount must be above zero."))
    if amount.minor > payment.refundable.minor:
        return Decision(False, _("The amount is more than what can still be refunded."))
    if actor.kind is ActorKind.USER and (limit_minor is None or amount.minor > limit_minor):
        return Decision(True, _("Above your limit: another person must approve."), True)
    return YES


def capture_decision(
    actor: Actor, payment: Payment, attempt: Attempt | None, amount: Money | None, now: datetime
) -> Decision:
    """Whether `actor` may capture `amount` (None: anything at all) of what `attempt` holds."""
    if not _holds(actor, "payments.capture_payment"):
        return Decision(False, _("Your role does not capture payments."))
    if attempt is None or attempt.status != Attempt.Status.AUTHORIZED:
        return Decision(False, _("No authorization is open."))
    if attempt.expires_at is not None and attempt.expires_at <= now:
        return Decision(False, _("The authorization has expired."))
    if payment.capturable.minor == 0:
        return Decision(False, _("Everything authorized has been captured or is on its way."))
    if amount is None:
        return YES
    if amount.currency != payment.currency:
        return Decision(False, _("The currency is not that of the payment."))
    if amount.minor <= 0:
        return Decision(False, _("The amount must be above zero."))
    if amount.minor > payment.capturable.minor:
        return Decision(False, _("The amount is more than what can still be captured."))
    return YES


def void_decision(actor: Actor, payment: Payment, attempt: Attempt | None) -> Decision:
    """Whether `actor` may let go of what `attempt` still holds."""
    if not _holds(actor, "payments.void_payment"):
        return Decision(False, _("Your role does not void payments."))
    if attempt is None or attempt.status != Attempt.Status.AUTHORIZED:
        return Decision(False, _("No authorization is open."))
    if payment.capture_pending_minor > 0:
        return Decision(False, _("A capture is on its way."))
    if payment.capturable.minor == 0:
        return Decision(False, _("Nothing is held any more: refund instead."))
    return YES

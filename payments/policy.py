"""May I, and if not, why not. Pure: the page shows the same answer beside its button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor, ActorKind
from payments.gateways.capabilities import Feature, why_not
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Increment, LateAuthorization, Payment, Refund

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


UNREACHED = "provider_unavailable"
"""What an attempt failed of that surely never reached its provider."""
SHORTEST_HOLD = timedelta(days=7)
"""How long an authorization lives where neither its provider nor any row says it."""


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


def _amount_decision(amount: Money | None, payment: Payment, most: Money | None) -> Decision:
    """Whether an amount is one of the payment's, and not above `most`; None asks for nothing."""
    if amount is None:
        return YES
    if amount.currency != payment.currency:
        return Decision(False, _("The currency is not that of the payment."))
    if amount.minor <= 0:
        return Decision(False, _("The amount must be above zero."))
    if most is not None and amount.minor > most.minor:
        return Decision(False, _("The amount is more than what can still be captured."))
    return YES


EXPIRED: dict[str, Any] = {
    Attempt.ExpiresBy.PROVIDER: _("The authorization has expired, as the provider has set it."),
    Attempt.ExpiresBy.NETWORK: _("The authorization has expired, as it is set for its network."),
    "": _("The authorization has expired."),
}


def _open_decision(payment: Payment, attempt: Attempt | None, now: datetime) -> Decision:
    """Whether an authorization is open and holds something that nobody has taken."""
    if attempt is not None and attempt.status == Attempt.Status.CLOSING:
        return Decision(False, _("The last capture is on its way: it lets go of the rest."))
    if attempt is None or attempt.status != Attempt.Status.AUTHORIZED:
        return Decision(False, _("No authorization is open."))
    if payment.capturable.minor == 0:
        return Decision(False, _("Everything authorized has been captured or is on its way."))
    if attempt.expires_at is not None and attempt.expires_at <= now:
        return Decision(False, EXPIRED[attempt.expires_by])
    return YES


def lapses_at(payment: Payment) -> datetime:
    """Until when a payment that was not confirmed waits for it."""
    return payment.created_at + timedelta(hours=settings.CONFIRM_WITHIN_H)


def confirm_decision(payment: Payment) -> Decision:
    """Whether a payment may be sent to a provider: for the first time, or again after a decline."""
    if payment.status in (Payment.Status.REQUIRES_CONFIRMATION, Payment.Status.FAILED):
        return YES
    if payment.status == Payment.Status.CANCELED:
        return Decision(False, _("It was canceled."))
    return Decision(False, _("It has been sent already."))


def capture_decision(
    actor: Actor,
    payment: Payment,
    attempt: Attempt | None,
    amount: Money | None,
    now: datetime,
    *,
    is_final: bool = False,
) -> Decision:
    """Whether `actor` may capture `amount` (None: anything at all) of what `attempt` holds.

    A final capture lets go of the rest, so nothing else may be on its way.
    """
    if not _holds(actor, "payments.capture_payment"):
        return Decision(False, _("Your role does not capture payments."))
    decision = _open_decision(payment, attempt, now)
    if not decision:
        return decision
    if is_final and (payment.capture_pending_minor or payment.increment_pending_minor):
        return Decision(
            False, _("Something else is on its way: wait for it before you let go of the rest.")
        )
    decision = _amount_decision(amount, payment, payment.capturable)
    leaves_rest = amount is not None and not is_final and amount < payment.capturable
    if decision and leaves_rest and attempt is not None:
        return _feature_decision(attempt.connector, Feature.MULTIPLE_CAPTURE)
    return decision


def _feature_decision(connector: str, feature: Feature) -> Decision:
    """Whether the provider can do it at all: what it cannot is refused before it is asked."""
    reason = why_not(connector, feature)
    return YES if reason is None else Decision(False, reason)


def increment_decision(
    actor: Actor, payment: Payment, attempt: Attempt | None, amount: Money | None, now: datetime
) -> Decision:
    """Whether `actor` may have more held than `attempt` holds."""
    if not _holds(actor, "payments.increment_payment"):
        return Decision(False, _("Your role does not raise authorizations."))
    decision = _open_decision(payment, attempt, now)
    if not decision:
        return decision
    if payment.capture_voiding_minor > 0:
        return Decision(False, _("A capture is being voided."))
    if attempt is not None and not (can := _feature_decision(attempt.connector, Feature.INCREMENT)):
        return can
    return _amount_decision(amount, payment, None)


def void_decision(actor: Actor, payment: Payment, attempt: Attempt | None) -> Decision:
    """Whether `actor` may let go of what `attempt` still holds."""
    if not _holds(actor, "payments.void_payment"):
        return Decision(False, _("Your role does not void payments."))
    if attempt is None or attempt.status != Attempt.Status.AUTHORIZED:
        return Decision(False, _("No authorization is open."))
    if payment.capture_pending_minor > 0:
        return Decision(False, _("A capture is on its way."))
    if payment.increment_pending_minor > 0:
        return Decision(False, _("An increase is on its way."))
    if payment.capturable.minor == 0:
        return Decision(False, _("Nothing is held any more: refund instead."))
    return YES


def cancel_decision(actor: Actor, payment: Payment) -> Decision:
    """Whether `actor` may give up a payment that was prepared and not confirmed."""
    if not _holds(actor, "payments.void_payment"):
        return Decision(False, _("Your role does not void payments."))
    if payment.status == Payment.Status.CANCELED:
        return Decision(False, _("It was canceled."))
    if payment.status != Payment.Status.REQUIRES_CONFIRMATION:
        return Decision(False, _("This payment does not wait to be confirmed."))
    return YES


def give_up_decision(actor: Actor, payment: Payment, attempt: Attempt | None) -> Decision:
    """Whether `actor` may give up what is held, or what was only prepared."""
    if attempt is None:
        return cancel_decision(actor, payment)
    return void_decision(actor, payment, attempt)


NOT_CAPTURED = {
    Capture.Status.VOIDING: _("It is being voided."),
    Capture.Status.VOID_UNKNOWN: _("Nobody knows yet whether it was voided."),
    Capture.Status.VOIDED: _("It has been voided."),
}


def void_capture_decision(
    actor: Actor, payment: Payment, capture: Capture, now: datetime
) -> Decision:
    """Whether `actor` may take a capture back before it is settled, which is no refund."""
    if not _holds(actor, "payments.void_payment"):
        return Decision(False, _("Your role does not void payments."))
    if capture.status != Capture.Status.SUCCEEDED:
        status = Capture.Status(capture.status)
        return Decision(False, NOT_CAPTURED.get(status, _("This was not captured.")))
    if not (can := _feature_decision(capture.connector, Feature.VOID_CAPTURE)):
        return can
    if capture.settles_at is None or capture.settles_at <= now:
        return Decision(False, _("It has been settled: refund instead."))
    if payment.disputed_minor > 0:
        return Decision(False, _("A dispute is open: the bank has taken the money already."))
    if payment.refunded_minor or payment.refund_pending_minor:
        return Decision(False, _("Money has been refunded or is on its way back: refund the rest."))
    if payment.increment_pending_minor > 0:
        return Decision(False, _("An increase is on its way."))
    return YES


def inquiry_decision(actor: Actor, unsettled: int) -> Decision:
    """Whether `actor` may have the provider asked now about what has not come to its end."""
    if not _holds(actor, "payments.inquire_payment"):
        return Decision(False, _("Your role does not ask the provider."))
    if not unsettled:
        return Decision(False, _("Nothing is on its way."))
    return YES


Correctable = Attempt | Increment | Capture | Refund | LateAuthorization
STUCK_AFTER = timedelta(hours=1)
"""How long a call may be on its way before its outcome counts as stuck."""
ASKED_ENOUGH = 2
"""The call itself, and an inquiry after it: neither had an answer of use."""
CORRECTIONS: dict[type[Correctable], dict[str, tuple[str, ...]]] = {
    Attempt: {
        **dict.fromkeys(("pending", "unknown", "conflicted"), ("authorized", "declined", "failed")),
        **dict.fromkeys(("voiding", "void_unknown"), ("voided", "authorized")),
    },
    Increment: dict.fromkeys(("pending", "unknown", "conflicted"), ("succeeded", "failed")),
    Capture: {
        **dict.fromkeys(("pending", "unknown", "conflicted"), ("succeeded", "failed")),
        **dict.fromkeys(("voiding", "void_unknown"), ("voided", "succeeded")),
    },
    Refund: dict.fromkeys(("pending", "unknown", "conflicted"), ("succeeded", "failed")),
    LateAuthorization: {"held": ("voiding",), "taken": ("returning", "adopted", "booked_off")},
}
"""From which state to which a person may set a row: what has no end yet, to an end; and what he may
have done about money that turned up late."""


NEVER_ALONE = (LateAuthorization.Status.BOOKED_OFF,)
"""What no limit allows one person to do alone: a customer's money becomes the house's."""


def correction_targets(row: Correctable) -> tuple[str, ...]:
    """The states that a row may be set to; none when the provider has settled it."""
    return CORRECTIONS[type(row)].get(row.status, ())


def stake_of(row: Correctable) -> int:
    """How much a correction of `row` is about, in minor units."""
    if isinstance(row, LateAuthorization):
        return row.taken_minor or row.held_minor
    return row.amount_minor


def seen_of(row: Correctable) -> str:
    """A row's state as a form carries it: of money that turned up late with the amount, which may
    change while the state does not."""
    return f"{row.status} {stake_of(row)}" if isinstance(row, LateAuthorization) else row.status


def adoption_decision(late: LateAuthorization, *, is_last: bool = True) -> Decision:
    """Whether what was taken late may be kept for its payment: only where nothing else was tried
    since, let alone held or taken. `is_last`: its attempt is the payment's last."""
    if late.payment.status == Payment.Status.FAILED and is_last:
        return YES
    reason = _("The payment has gone on without it: the customer might pay twice.")
    return Decision(False, reason)


def book_off_decision(late: LateAuthorization) -> Decision:
    """Whether what was taken late may be booked off: only what the provider was asked to give back,
    and what nobody asks it for any more."""
    if late.ask_at is not None:
        return Decision(False, _("It goes back by itself: wait for what the provider says."))
    if not late.return_tries:
        return Decision(False, _("Nobody has had it given back yet: try that first."))
    return YES


def late_decision(
    actor: Actor, late: LateAuthorization, to_status: str, *, is_last: bool = True
) -> Decision:
    """Whether `actor` may have money that turned up late end in `to_status`, whatever the amount.
    `is_last`: its attempt is the payment's last."""
    if to_status == LateAuthorization.Status.ADOPTED:
        return adoption_decision(late, is_last=is_last)
    if to_status == LateAuthorization.Status.BOOKED_OFF:
        if not _holds(actor, "payments.book_off_late"):
            return Decision(False, _("Your role does not book money off the suspense account."))
        return book_off_decision(late)
    return YES


def correction_decision(
    actor: Actor,
    row: Correctable | None,
    to_status: str | None,
    provider_reference: str,
    limit_minor: int | None,
    now: datetime,
) -> Decision:
    """Whether `actor` may set `row` to `to_status` (None: to anything at all).

    The provider comes first: whatever it answers is recorded by itself, so only what it was asked
    about in vain, or answered without sense, is for a person to say.
    """
    if not _holds(actor, "payments.correct_payment"):
        return Decision(False, _("Your role does not correct payments."))
    if row is None or not correction_targets(row):
        return Decision(False, _("Nothing is open: the provider has told how everything ended."))
    if (reason := _provider_first(row, now)) is not None:
        return Decision(False, reason)
    if to_status is None:
        return YES
    if to_status not in correction_targets(row):
        return Decision(False, _("It cannot be set to this state."))
    if isinstance(row, LateAuthorization):
        may = late_decision(actor, row, to_status)
        return _with_second_person(actor, row, to_status, limit_minor) if may else may
    is_held = isinstance(row, Attempt) and to_status == Attempt.Status.AUTHORIZED
    if is_held and not (provider_reference or row.provider_reference):
        return Decision(False, _("Give the provider's reference: without it nothing is captured."))
    return _with_second_person(actor, row, to_status, limit_minor)


def _with_second_person(
    actor: Actor, row: Correctable, to_status: str, limit_minor: int | None
) -> Decision:
    if actor.kind is not ActorKind.USER:
        return YES
    if to_status in NEVER_ALONE:
        return Decision(True, _("Another person must approve it, whatever the amount."), True)
    if limit_minor is None or stake_of(row) > limit_minor:
        return Decision(True, _("Above your limit: another person must approve."), True)
    return YES


def _provider_first(row: Correctable, now: datetime) -> Any | None:
    if isinstance(row, LateAuthorization):
        return None
    if row.status in ("pending", "voiding"):
        since = row.created_at
        if isinstance(row, Attempt | Capture) and row.void_requested_at is not None:
            since = row.void_requested_at
        if now - since < STUCK_AFTER:
            return _("It is on its way: give the provider an hour.")
        return None
    if row.status != "conflicted" and row.asked_times < ASKED_ENOUGH:
        return _("Ask the provider first: what it answers is recorded by itself.")
    return None

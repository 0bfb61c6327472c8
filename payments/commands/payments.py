"""Taking a payment: the intent, its attempts, and what the provider said of them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.card_numbers import find_card_number
from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.protocol import AuthorizationAnswer, AuthorizationStatus
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Payment, reference_of
from payments.parties.models import CardReference, Customer, MerchantCurrency
from payments.queries.networks import get_hold
from payments.retrying import CORRECTED, FIRST_LOOK, LOOK_FOR_LATE_AFTER, NEVER_ARRIVED
from payments.states import Event, move, settle
from payments.steps import (
    ANSWERED,
    NOTHING_SAID,
    Silence,
    add_attempt,
    ask_again,
    load_attempt,
    lose,
    replay_or_load,
)

WAITS = (
    Attempt.Status.PENDING,
    Attempt.Status.UNKNOWN,
    Attempt.Status.CONFLICTED,
    Attempt.Status.REQUIRES_ACTION,
)
EVENT_OF = {
    AuthorizationStatus.AUTHORIZED: Event.ATTEMPT_AUTHORIZED,
    AuthorizationStatus.PARTIALLY_AUTHORIZED: Event.ATTEMPT_AUTHORIZED,
    AuthorizationStatus.DECLINED: Event.ATTEMPT_DECLINED,
    AuthorizationStatus.REQUIRES_ACTION: Event.ATTEMPT_ACTION_REQUIRED,
    AuthorizationStatus.PENDING: Event.ATTEMPT_LOST,
}


@command("payments.payment.created", moves_money=True)
def create_payment(
    work: Work,
    *,
    merchant_id: uuid.UUID,
    card_id: uuid.UUID,
    amount: Money,
    key: str,
    customer_id: uuid.UUID | None = None,
    order_reference: str = "",
    capture_method: str = Payment.CaptureMethod.AUTOMATIC,
    is_live: bool = False,
) -> Payment:
    """Make a payment and have its first attempt sent to the provider.

    A repeat with the same key answers the first payment. Refuses a merchant, customer or card
    that does not belong together or is of the other mode (test or live), a currency the merchant
    does not take, an amount not above zero, a card number in the order reference, a payment that
    no account takes. 6 SELECTs, 5 statements to write.
    """
    if (done := work.replay(Payment)) is not None:
        return done
    check_parties(merchant_id, customer_id, amount, is_live=is_live)
    card = load_card(work, merchant_id, card_id, is_live=is_live)
    if find_card_number(order_reference):
        raise Refusal("card_number", _("A card number must not stand in a reference."))
    payment = Payment(
        key=key,
        fingerprint=work.fingerprint,
        merchant_id=merchant_id,
        customer_id=customer_id,
        order_reference=order_reference[:80],
        amount_minor=amount.minor,
        currency=amount.currency,
        capture_method=Payment.CaptureMethod(capture_method),
        is_live=is_live,
        created_at=work.now,
    )
    payment.reference = reference_of("P", payment.pk)
    work.add(payment)
    add_attempt(work, payment, card, number=1, key=key)
    return payment


def check_parties(
    merchant_id: uuid.UUID, customer_id: uuid.UUID | None, amount: Money, *, is_live: bool
) -> None:
    """Whether they belong together, and to this mode. Two SELECTs. Raises Refusal."""
    if amount.minor <= 0:
        raise Refusal("amount_not_positive", _("The amount must be above zero."))
    check_terms(merchant_id, amount.currency)
    if customer_id is None:
        return
    rows = Customer.objects.filter(pk=customer_id, merchant_id=merchant_id, is_live=is_live)
    if not rows.exists():
        raise Refusal("customer_missing", _("There is no such customer."), Kind.MISSING)


def check_terms(merchant_id: uuid.UUID, currency: str) -> None:
    """Whether the merchant takes new money in a currency. One SELECT."""
    terms = MerchantCurrency.objects.select_related("merchant")
    found = terms.filter(merchant_id=merchant_id, currency=currency).first()
    if found is None or not found.is_active:
        raise Refusal("currency_not_taken", _("The merchant does not take this currency."))
    if not found.merchant.is_active:
        raise Refusal("merchant_not_active", _("The merchant takes no payments at the moment."))


def load_card(
    work: Work, merchant_id: uuid.UUID, card_id: uuid.UUID, *, is_live: bool
) -> CardReference:
    """A card of the merchant's, in this mode. One SELECT. Raises Refusal (missing)."""
    return work.load_one(
        CardReference.objects.filter(pk=card_id, merchant_id=merchant_id, is_live=is_live),
        Refusal("card_missing", _("There is no such card."), Kind.MISSING),
    )


@command("payments.attempt.requested", moves_money=True)
def retry_payment(
    work: Work, *, payment_id: uuid.UUID, card_id: uuid.UUID | None = None, key: str
) -> Attempt:
    """Try again after a decline, with `card_id` or the card that was tried last; never while the
    last one is unknown."""
    found = replay_or_load(work, Attempt, payment_id)
    if isinstance(found, Attempt):
        return found
    payment, last = found
    if payment.status != Payment.Status.FAILED:
        raise Refusal(
            "attempt_not_over", _("The last attempt is not over."), Kind.CONFLICT, about=payment
        )
    check_terms(payment.merchant_id, payment.currency)
    wanted = card_id or last.card_id
    card = load_card(work, payment.merchant_id, wanted, is_live=payment.is_live)
    attempt = add_attempt(work, payment, card, number=last.number + 1, key=key)
    settle(work, payment, attempt, "payments.attempt.requested")
    return attempt


@command("payments.attempt.recorded", moves_money=True)
def record_authorization(
    work: Work, *, attempt_id: uuid.UUID, answer: AuthorizationAnswer, key: str
) -> Attempt:
    """Record what the provider said of an attempt. A repeat, or a late one, changes nothing.

    An answer about another amount settles nothing: the attempt waits for a person.
    """
    attempt, payment = load_attempt(work, attempt_id)
    apply_authorization_answer(work, attempt, payment, answer)
    return attempt


def apply_authorization_answer(
    work: Work, attempt: Attempt, payment: Payment, answer: AuthorizationAnswer
) -> None:
    """What an answer does to an attempt that waits for it, and to its payment."""
    event = EVENT_OF[answer.status]
    if attempt.status not in WAITS or _says_nothing_new(attempt, event):
        return
    if answer.amount != attempt.amount or not _makes_sense(answer):
        found = Silence(answer.raw_status, does_not_fit=True, found=answer.amount)
        _lose(work, payment, attempt, found)
        return
    still_open = event in (Event.ATTEMPT_LOST, Event.ATTEMPT_ACTION_REQUIRED)
    move(
        work,
        attempt,
        event,
        provider_reference=answer.reference or attempt.provider_reference,
        raw_status=answer.raw_status[:80],
        approved_minor=answer.approved.minor if event is Event.ATTEMPT_AUTHORIZED else 0,
        decline_code=answer.decline_code[:40],
        raw_decline_code=answer.raw_decline_code[:80],
        network=answer.network[:20],
        network_transaction_id=answer.network_transaction_id[:80],
        avs_result=answer.avs[:20],
        cvv_result=answer.cvv[:20],
        three_ds_result=answer.three_ds[:30],
        **_life(answer, event, work.now),
        **{**ANSWERED, **(ask_again(attempt, work.now) if still_open else {})},
    )
    _settle_authorization(work, payment, attempt, event)


def _life(answer: AuthorizationAnswer, event: Event, now: datetime) -> dict[str, Any]:
    """Until when it lives, and who says so. A SELECT where the provider does not."""
    if answer.expires_at is not None:
        return {"expires_at": answer.expires_at, "expires_by": Attempt.ExpiresBy.PROVIDER}
    if event not in (Event.ATTEMPT_AUTHORIZED, Event.ATTEMPT_ACTION_REQUIRED):
        return {}
    ends_at = now + get_hold(answer.network)
    return {"expires_at": ends_at, "expires_by": Attempt.ExpiresBy.NETWORK}


def _makes_sense(answer: AuthorizationAnswer) -> bool:
    """Whether what is held is a part of what was asked for, in the same currency."""
    held = answer.approved
    return held.currency == answer.amount.currency and 0 <= held.minor <= answer.amount.minor


def _says_nothing_new(attempt: Attempt, event: Event) -> bool:
    known = {
        Event.ATTEMPT_LOST: Attempt.Status.UNKNOWN,
        Event.ATTEMPT_ACTION_REQUIRED: Attempt.Status.REQUIRES_ACTION,
    }
    beyond = (Attempt.Status.REQUIRES_ACTION, Attempt.Status.CONFLICTED)
    if event is Event.ATTEMPT_LOST and attempt.status in beyond:
        return True
    return known.get(event) == attempt.status


def _settle_authorization(work: Work, payment: Payment, attempt: Attempt, event: Event) -> None:
    if event is not Event.ATTEMPT_AUTHORIZED:
        settle(work, payment, attempt, event.value)
        return
    settle(work, payment, attempt, event.value, authorized_minor=attempt.approved_minor)
    if payment.capture_method != Payment.CaptureMethod.AUTOMATIC:
        return
    capture = Capture(
        key=f"automatic:{attempt.pk}",
        fingerprint="",
        payment=payment,
        attempt=attempt,
        connector=attempt.connector,
        amount_minor=attempt.approved_minor,
        currency=payment.currency,
        created_at=work.now,
        ask_at=work.now + FIRST_LOOK,
    )
    work.add(capture, event="payments.capture.requested")
    work.change(payment, capture_pending_minor=attempt.approved_minor)
    work.later("payments.send_capture", capture_id=capture.pk)


@command("payments.attempt.failed", moves_money=True)
def record_authorization_failed(
    work: Work, *, attempt_id: uuid.UUID, code: str, key: str
) -> Attempt:
    """The provider refused to look at the attempt at all, or never saw it. Repeats do nothing."""
    attempt, payment = load_attempt(work, attempt_id)
    if attempt.status in WAITS and attempt.status != Attempt.Status.REQUIRES_ACTION:
        apply_authorization_failure(work, attempt, payment, code)
    return attempt


def apply_authorization_failure(work: Work, attempt: Attempt, payment: Payment, code: str) -> None:
    """What it does to an attempt and its payment that the provider never took it.

    Where it was not the provider's no to the call itself, it is asked twice more whether something
    has turned up after all.
    """
    move(work, attempt, Event.ATTEMPT_FAILED, raw_decline_code=code[:80], **ANSWERED)
    settle(work, payment, attempt, Event.ATTEMPT_FAILED.value)
    for wait in LOOK_FOR_LATE_AFTER if code in (NEVER_ARRIVED, CORRECTED) else ():
        due_at = work.now + wait
        work.later("payments.look_for_late", due_at=due_at, attempt_id=attempt.pk)


@command("payments.attempt.lost")
def record_authorization_lost(
    work: Work, *, attempt_id: uuid.UUID, silence: Silence = NOTHING_SAID
) -> Attempt:
    """Nobody knows what became of it: it is asked for on the schedule, then by a person."""
    attempt, payment = load_attempt(work, attempt_id)
    if attempt.status in WAITS:
        _lose(work, payment, attempt, silence)
    return attempt


def _lose(work: Work, payment: Payment, attempt: Attempt, silence: Silence) -> None:
    lost, conflicted = Event.ATTEMPT_LOST, Event.ATTEMPT_CONFLICTED
    if lose(work, attempt, silence, lost=lost, conflicted=conflicted):
        event = conflicted if silence.does_not_fit else lost
        settle(work, payment, attempt, event.value)


@command("payments.attempt.expired")
def expire_authorization(work: Work, *, attempt_id: uuid.UUID, is_told: bool = False) -> Attempt:
    """What is still held is let go because its time is over. A repeat does nothing.

    `is_told`: the provider says so, whatever our clock says.
    """
    attempt, payment = load_attempt(work, attempt_id)
    if attempt.status not in (Attempt.Status.AUTHORIZED, Attempt.Status.REQUIRES_ACTION):
        return attempt
    is_over = attempt.expires_at is not None and attempt.expires_at <= work.now
    if not (is_told or is_over):
        return attempt
    if payment.capture_pending_minor or payment.increment_pending_minor:
        return attempt
    if attempt.status == Attempt.Status.AUTHORIZED and payment.capturable.minor == 0:
        return attempt
    move(work, attempt, Event.ATTEMPT_EXPIRED, ask_at=None)
    settle(
        work,
        payment,
        attempt,
        Event.ATTEMPT_EXPIRED.value,
        authorized_minor=payment.captured_minor,
    )
    return attempt

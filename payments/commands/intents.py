"""A payment that is prepared and sent only when the shop confirms it.

Until then no provider has heard of it and nothing is held. It is confirmed, or canceled, or lapses,
which ends it as canceled, too.
"""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from audit.card_numbers import find_card_number
from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.commands.payments import check_parties, check_terms, load_card
from payments.ledger.money import Money
from payments.models import Attempt, Payment, reference_of
from payments.policy import cancel_decision, lapses_at
from payments.states import end_up
from payments.steps import add_attempt

WAITS = Payment.Status.REQUIRES_CONFIRMATION


@command("payments.intent.created")
def create_intent(
    work: Work,
    *,
    merchant_id: uuid.UUID,
    amount: Money,
    key: str,
    card_id: uuid.UUID | None = None,
    customer_id: uuid.UUID | None = None,
    order_reference: str = "",
    capture_method: str = Payment.CaptureMethod.AUTOMATIC,
    is_live: bool = False,
) -> Payment:
    """Prepare a payment; nothing is sent before `confirm_intent`, which may bring the card.

    A repeat with the same key answers the first payment. Refuses what `create_payment` refuses.
    At most 4 SELECTs, 2 statements to write.
    """
    if (done := work.replay(Payment)) is not None:
        return done
    check_parties(merchant_id, customer_id, amount, is_live=is_live)
    card = None if card_id is None else load_card(work, merchant_id, card_id, is_live=is_live)
    if find_card_number(order_reference):
        raise Refusal("card_number", _("A card number must not stand in a reference."))
    payment = Payment(
        key=key,
        fingerprint=work.fingerprint,
        merchant_id=merchant_id,
        customer_id=customer_id,
        card=card,
        order_reference=order_reference[:80],
        amount_minor=amount.minor,
        currency=amount.currency,
        capture_method=Payment.CaptureMethod(capture_method),
        is_live=is_live,
        status=WAITS,
        created_at=work.now,
    )
    payment.reference = reference_of("P", payment.pk)
    work.add(payment)
    return payment


@command("payments.intent.confirmed", moves_money=True)
def confirm_intent(
    work: Work, *, payment_id: uuid.UUID, card_id: uuid.UUID | None = None, key: str
) -> Attempt:
    """Have a prepared payment sent to the provider, with `card_id` or the card it was given.

    A repeat with the same key answers the first attempt. Refuses a payment that was confirmed,
    canceled or has lapsed, and one without a card. At most 6 SELECTs.
    """
    if (done := work.replay(Attempt)) is not None:
        return done
    payment = _load_waiting(work, payment_id)
    if lapses_at(payment) <= work.now:
        raise Refusal("payment_lapsed", _("It was not confirmed in time."), Kind.CONFLICT)
    wanted = card_id or payment.card_id
    if wanted is None:
        raise Refusal("card_required", _("Say which card: none was given yet."), field="card")
    check_terms(payment.merchant_id, payment.currency)
    card = load_card(work, payment.merchant_id, wanted, is_live=payment.is_live)
    attempt = add_attempt(work, payment, card, number=1, key=key)
    work.change(payment, event="payments.intent.confirmed", card=None)
    end_up(work, payment, Payment.Status.PROCESSING, "payments.intent.confirmed")
    return attempt


@command("payments.intent.canceled")
def cancel_intent(work: Work, *, payment_id: uuid.UUID) -> Payment:
    """Give up a prepared payment. A repeat changes nothing. Refuses one that was confirmed."""
    payment = _load(work, payment_id)
    if payment.status == Payment.Status.CANCELED:
        return payment
    decision = cancel_decision(work.actor, payment)
    if not decision:
        raise Refusal("payment_not_waiting", decision.reason, Kind.CONFLICT, about=payment)
    end_up(work, payment, Payment.Status.CANCELED, "payments.intent.canceled")
    return payment


@command("payments.intent.lapsed")
def lapse_intent(work: Work, *, payment_id: uuid.UUID) -> Payment:
    """Nobody confirmed it in time. One that was confirmed meanwhile, or has time left, stays."""
    payment = _load(work, payment_id)
    if payment.status == WAITS and lapses_at(payment) <= work.now:
        end_up(work, payment, Payment.Status.CANCELED, "payments.intent.lapsed")
    return payment


def _load(work: Work, payment_id: uuid.UUID) -> Payment:
    found = work.find(Payment, id=payment_id, locked=True)
    if not found:
        raise Refusal("payment_missing", _("There is no such payment."), Kind.MISSING)
    return found[0]


def _load_waiting(work: Work, payment_id: uuid.UUID) -> Payment:
    payment = _load(work, payment_id)
    if payment.status != WAITS:
        raise Refusal(
            "payment_not_waiting",
            _("This payment does not wait to be confirmed."),
            Kind.CONFLICT,
            about=payment,
        )
    return payment

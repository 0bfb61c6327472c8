"""Writes used inside somebody's Work, here and in higher apps."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from audit import reads
from audit.errors import Kind, Refusal
from audit.owned import KeyedModel
from audit.work import Work
from payments.gateways.models import ConnectorAccount
from payments.gateways.queries.routes import list_candidates, list_twins, with_connectors
from payments.gateways.routing import Wanted, choose, choose_next, plan
from payments.ledger.chart import AccountCode, TransferCode
from payments.ledger.money import Money
from payments.ledger.steps import credit, debit, post
from payments.models import Asking, Attempt, Capture, LateAuthorization, Payment, Refund
from payments.parties.models import CardReference
from payments.retrying import ASK_AFTER, FIRST_LOOK
from payments.states import ASKED_FOR, ON_THEIR_WAY, TABLES, Event, move, settle

K = TypeVar("K", bound=KeyedModel)


@dataclass(frozen=True, slots=True)
class Silence:
    """What there is of an answer that settles nothing: a status that nobody knows, or one that
    does not fit the question (`found` is the amount it spoke of, when it was the amount)."""

    raw_status: str = ""
    does_not_fit: bool = False
    found: Money | None = None


NOTHING_SAID = Silence()


def load_payment(work: Work, payment_id: uuid.UUID) -> tuple[Payment, Attempt]:
    """A payment and its last attempt, to be changed. One SELECT."""
    attempts = work.find(
        Attempt, payment_id=payment_id, order_by="-number", locked=True, also=("payment",)
    )
    return _with_payment(payment_id, attempts)


def replay_or_load(
    work: Work, model: type[K], payment_id: uuid.UUID
) -> K | tuple[Payment, Attempt]:
    """What the command's key made before, or what `load_payment` gives. Two SELECTs, one wait."""
    wanted = reads.Wanted(
        Attempt, {"payment_id": payment_id}, also=("payment",), order_by="-number", locked=True
    )
    done, attempts = work.replay_or_find(model, wanted)
    return done if done is not None else _with_payment(payment_id, attempts)


def _with_payment(payment_id: uuid.UUID, attempts: list[Attempt]) -> tuple[Payment, Attempt]:
    if attempts:
        return attempts[0].payment, attempts[0]
    if Payment.objects.filter(pk=payment_id).exists():
        message = _("No bank was asked: the payment was not confirmed.")
        raise Refusal("payment_untried", message, Kind.CONFLICT)
    raise Refusal("payment_missing", _("There is no such payment."), Kind.MISSING)


def load_attempt(work: Work, attempt_id: uuid.UUID) -> tuple[Attempt, Payment]:
    """An attempt that is not over, and its payment, to be changed. One SELECT.

    It is the payment's last: a new one is made only when the last has failed, and what held
    money once has no successor.
    """
    attempt = work.load_one(Attempt.objects.filter(pk=attempt_id), also=("payment",))
    return attempt, attempt.payment


def add_attempt(
    work: Work,
    payment: Payment,
    card: CardReference,
    *,
    number: int,
    key: str,
    tried: Collection[uuid.UUID | None] | None = None,
) -> Attempt:
    """A try to have the money held, sent through the account that routing names.

    `tried`: accounts that could not be reached for this payment; then one that takes it now is
    wanted. Raises Refusal (`no_route`). Two SELECTs, one more after the first attempt, more where a
    rule leads to another provider.
    """
    account, its_card = _route(payment, card, work.now, tried)
    attempt = Attempt(
        key=key,
        fingerprint=work.fingerprint,
        payment=payment,
        card=its_card,
        last_four=its_card.last_four,
        number=number,
        is_live=payment.is_live,
        connector=account.connector,
        account=account,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        created_at=work.now,
        ask_at=work.now + FIRST_LOOK,
    )
    work.add(attempt, event="payments.attempt.requested")
    work.later("payments.send_authorization", attempt_id=attempt.pk)
    if number > 1:
        _give_back_late(work, payment)
    return attempt


def _give_back_late(work: Work, payment: Payment) -> None:
    """The payment goes on, so nobody may keep what was taken late for it any more: it goes back
    now, not when its time is over. One SELECT."""
    waiting = LateAuthorization.objects.filter(
        payment_id=payment.pk, status=LateAuthorization.Status.TAKEN, ask_at__isnull=False
    )
    for late in work.load(waiting):
        work.change(late, event="payments.late.due", ask_at=work.now)
        work.later("payments.return_late", late_id=late.pk)


def _route(
    payment: Payment, card: CardReference, now: datetime, tried: Collection[uuid.UUID | None] | None
) -> tuple[ConnectorAccount, CardReference]:
    wanted = Wanted(
        merchant_id=payment.merchant_id,
        currency=payment.currency,
        brand=card.brand,
        is_live=payment.is_live,
        connectors=frozenset({card.connector}),
    )
    accounts = list_candidates(wanted)
    cards = {card.connector: card}
    if any(one.connector not in cards for one in accounts):
        cards = list_twins(card)
        wanted = with_connectors(wanted, cards)
    steps = plan(wanted, accounts, now, tried or ())
    account = choose(steps) if tried is None else choose_next(steps)
    if account is None:
        raise Refusal("no_route", _("No account at a provider takes this payment."), Kind.CONFLICT)
    return account, cards[account.connector]


def load_capture(work: Work, capture_id: uuid.UUID) -> tuple[Capture, Payment, Attempt]:
    """A capture, its payment and its attempt, to be changed. One SELECT."""
    capture = work.load_one(
        Capture.objects.filter(pk=capture_id),
        Refusal("capture_missing", _("There is no such capture."), Kind.MISSING),
        also=("payment", "attempt"),
    )
    return capture, capture.payment, capture.attempt


def book_capture(work: Work, payment: Payment, capture: Capture, fee: Money) -> None:
    """The provider owes us the money, we owe it to the merchant, less our fee.

    Two INSERTs: the flush sends the rows of both transfers together.
    """
    clearing = payment.account(AccountCode.PROVIDER_CLEARING)
    payable = payment.account(AccountCode.MERCHANT_PAYABLE)
    reference = f"capture:{capture.pk}"
    lines = [debit(clearing, capture.amount), credit(payable, capture.amount)]
    post(work, TransferCode.CAPTURE, reference, lines)
    if not fee.is_zero:
        fees = payment.account(AccountCode.FEES)
        post(work, TransferCode.CAPTURE_FEE, reference, [debit(payable, fee), credit(fees, fee)])


def book_capture_voided(work: Work, payment: Payment, capture: Capture, fee: Money) -> None:
    """The capture never was: neither the provider nor the merchant is owed it, nor we our fee."""
    clearing = payment.account(AccountCode.PROVIDER_CLEARING)
    payable = payment.account(AccountCode.MERCHANT_PAYABLE)
    reference = f"capture:{capture.pk}"
    lines = [debit(payable, capture.amount), credit(clearing, capture.amount)]
    post(work, TransferCode.CAPTURE_VOIDED, reference, lines)
    if not fee.is_zero:
        fees = payment.account(AccountCode.FEES)
        lines = [debit(fees, fee), credit(payable, fee)]
        post(work, TransferCode.CAPTURE_FEE_VOIDED, reference, lines)


def _book_refund(
    work: Work,
    payment: Payment,
    refund: Refund,
    why: TransferCode,
    debited: AccountCode,
    credited: AccountCode,
) -> None:
    lines = [
        debit(payment.account(debited), refund.amount),
        credit(payment.account(credited), refund.amount),
    ]
    post(work, why, f"refund:{refund.pk}", lines)


def start_refund(work: Work, payment: Payment, refund: Refund) -> None:
    """Book the refund as in flight and have it sent."""
    _book_refund(
        work,
        payment,
        refund,
        TransferCode.REFUND_REQUESTED,
        AccountCode.MERCHANT_PAYABLE,
        AccountCode.REFUNDS_IN_FLIGHT,
    )
    work.change(refund, ask_at=work.now + FIRST_LOOK)
    work.later("payments.send_refund", refund_id=refund.pk)


def book_refund_sent(work: Work, payment: Payment, refund: Refund) -> None:
    """The provider has paid it out: what it owes us is less."""
    _book_refund(
        work,
        payment,
        refund,
        TransferCode.REFUND_SENT,
        AccountCode.REFUNDS_IN_FLIGHT,
        AccountCode.PROVIDER_CLEARING,
    )


def book_refund_failed(work: Work, payment: Payment, refund: Refund) -> None:
    """It never left: the merchant has it back."""
    _book_refund(
        work,
        payment,
        refund,
        TransferCode.REFUND_FAILED,
        AccountCode.REFUNDS_IN_FLIGHT,
        AccountCode.MERCHANT_PAYABLE,
    )


def book_refund_returned(work: Work, payment: Payment, refund: Refund) -> None:
    """It left and came back: the provider owes it to us again, and we to the merchant."""
    _book_refund(
        work,
        payment,
        refund,
        TransferCode.REFUND_RETURNED,
        AccountCode.PROVIDER_CLEARING,
        AccountCode.MERCHANT_PAYABLE,
    )


def release_refund(
    work: Work, payment: Payment, attempt: Attempt, refund: Refund, event: Event
) -> None:
    """What was set aside for a refund that will not happen may be refunded again."""
    left = payment.refund_pending_minor - refund.amount_minor
    settle(work, payment, attempt, event.value, refund_pending_minor=left)


def ask_again(row: Asking, now: datetime) -> dict[str, Any]:
    """The columns of a row whose outcome is unknown: when to ask next; None when a person must."""
    if row.asked_times >= len(ASK_AFTER):
        return {"ask_at": None}
    return {"ask_at": now + ASK_AFTER[row.asked_times], "asked_times": row.asked_times + 1}


def lose(work: Work, row: Asking, silence: Silence, *, lost: Event, conflicted: Event) -> bool:
    """Nobody knows what became of a row: it stays as it is set aside, and is asked for again.

    Answers whether its state moved. A row that has come to its end is left alone.
    """
    event = conflicted if silence.does_not_fit else lost
    # Who found the answer odd may just have set when to ask next.
    is_scheduled = row.ask_at is not None and row.ask_at > work.now
    is_asked = silence.does_not_fit and is_scheduled and row.status not in ON_THEIR_WAY
    fields = {} if is_asked else ask_again(row, work.now)
    if silence.raw_status:
        fields["raw_status"] = silence.raw_status[:80]
    if silence.found is not None:
        fields["answered_minor"] = silence.found.minor
        fields["answered_currency"] = silence.found.currency
    if (row.status, event) in TABLES[type(row)]:
        move(work, row, event, **fields)
        return True
    if row.status in ASKED_FOR:
        work.change(row, **fields)
    return False


ANSWERED: dict[str, Any] = {"ask_at": None, "answered_minor": None, "answered_currency": ""}
"""The columns of a row that has its answer."""

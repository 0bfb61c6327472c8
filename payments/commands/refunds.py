"""Giving money back: asked for, approved where it must be, sent, and what became of it."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from audit.approvals import steps as approvals
from audit.approvals.models import Kind as ApprovalKind
from audit.approvals.queries import find_limit
from audit.card_numbers import find_card_number
from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.ledger.money import Money
from payments.models import Attempt, Payment, Refund, reference_of
from payments.policy import refund_decision
from payments.queries.payments import list_refund_reasons
from payments.states import Event, move, settle
from payments.steps import (
    ANSWERED,
    NOTHING_SAID,
    Silence,
    ask_again,
    book_refund_failed,
    book_refund_returned,
    book_refund_sent,
    lose,
    release_refund,
    replay_or_load,
    start_refund,
)

REQUESTED = "payments.refund.requested"
WAITS = (Refund.Status.PENDING, Refund.Status.UNKNOWN, Refund.Status.CONFLICTED)


@command(REQUESTED, moves_money=True)
def refund_payment(
    work: Work,
    *,
    payment_id: uuid.UUID,
    amount: Money,
    reason: str,
    key: str,
    comment: str = "",
    seen_refundable: int | None = None,
) -> Refund:
    """Refund part or all of what was captured.

    `reason` is the code of an active reason; `seen_refundable` (minor units) is what the person
    saw, and another value now is a conflict. Above the person's limit the refund waits for
    somebody else; its amount is set aside meanwhile. A repeat with the same key answers the first
    refund. 5 SELECTs, 7 statements to write.
    """
    found = replay_or_load(work, Refund, payment_id)
    if isinstance(found, Refund):
        return found
    payment, attempt = found
    if seen_refundable is not None and seen_refundable != payment.refundable.minor:
        raise Refusal(
            "stale",
            _("What can be refunded has changed since you opened the page: look again."),
            Kind.CONFLICT,
            about=payment,
        )
    label = _check_words(payment, reason, comment)
    limit = find_limit(work.actor, ApprovalKind.REFUND, payment.currency)
    decision = refund_decision(work.actor, payment, amount, limit)
    if not decision:
        raise Refusal("refund_refused", decision.reason, Kind.CONFLICT, about=payment)
    refund = _new_refund(work, payment, attempt, amount, reason, comment, key)
    pending = payment.refund_pending_minor + amount.minor
    settle(work, payment, attempt, REQUESTED, refund_pending_minor=pending)
    if not decision.needs_second_person:
        work.add(refund)
        start_refund(work, payment, refund)
        return refund
    refund.status = Refund.Status.AWAITING_APPROVAL
    work.add(refund)
    approvals.request_approval(
        work,
        kind=ApprovalKind.REFUND,
        subject_id=refund.pk,
        subject_reference=refund.reference,
        is_live=payment.is_live,
        amount_minor=amount.minor,
        currency=amount.currency,
        reason=comment or label,
        reason_code="" if comment else reason,
    )
    return refund


def _check_words(payment: Payment, reason: str, comment: str) -> str:
    """The label of the reason; refuses a reason that is not offered, and a card number."""
    if find_card_number(comment):
        raise Refusal(
            "card_number",
            _("That looks like a card number. Please leave it out."),
            about=payment,
        )
    offered = list_refund_reasons().filter(code=reason).first()
    if offered is None:
        raise Refusal("reason_missing", _("Choose a reason from the list."), about=payment)
    return offered.label


def _new_refund(
    work: Work,
    payment: Payment,
    attempt: Attempt,
    amount: Money,
    reason: str,
    comment: str,
    key: str,
) -> Refund:
    refund = Refund(
        key=key,
        fingerprint=work.fingerprint,
        payment=payment,
        attempt=attempt,
        merchant_id=payment.merchant_id,
        is_live=payment.is_live,
        connector=attempt.connector,
        amount_minor=amount.minor,
        currency=amount.currency,
        reason_id=reason,
        comment=comment[:500],
        status=Refund.Status.PENDING,
        requested_by_id=work.actor.user_id,
        created_at=work.now,
    )
    refund.reference = reference_of("R", refund.pk)
    return refund


def _load_refund(work: Work, refund_id: uuid.UUID) -> tuple[Refund, Payment, Attempt]:
    refund = work.load_one(
        Refund.objects.filter(pk=refund_id),
        Refusal("refund_missing", _("There is no such refund."), Kind.MISSING),
        also=("payment", "attempt"),
    )
    return refund, refund.payment, refund.attempt


@command(Event.REFUND_APPROVED.value, moves_money=True)
def approve_refund(work: Work, *, subject_id: uuid.UUID, key: str, note: str = "") -> Refund:
    """A second person says yes; then it goes on as any refund does.

    Never the person who asked. The limit and the amount are checked again. Once approved, a
    repeat by the same person answers the refund.
    """
    refund, payment, _attempt = _load_refund(work, subject_id)
    if refund.status != Refund.Status.AWAITING_APPROVAL:
        return _already(work, refund)
    approval = approvals.load_approval(work, subject_id)
    approvals.decide(work, approval, approve=True, note=_checked(note))
    if payment.disputed_minor > 0:
        raise Refusal(
            "refund_refused",
            _("A dispute is open: the bank has taken the money already."),
            Kind.CONFLICT,
            about=payment,
        )
    move(work, refund, Event.REFUND_APPROVED)
    start_refund(work, payment, refund)
    return refund


def _already(work: Work, refund: Refund) -> Refund:
    if work.actor.may("approvals.decide_refund"):
        gone = (Refund.Status.REJECTED, Refund.Status.WITHDRAWN, Refund.Status.LAPSED)
        if refund.status not in gone:
            return refund
    raise Refusal("approval_decided", _("This was already decided."), Kind.CONFLICT, about=refund)


def _checked(note: str) -> str:
    if find_card_number(note):
        raise Refusal("card_number", _("That looks like a card number. Please leave it out."))
    return note


@command(Event.REFUND_REJECTED.value)
def reject_refund(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Refund:
    """A second person says no; the amount may be refunded again."""
    refund, payment, attempt = _load_refund(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    approvals.decide(work, approval, approve=False, note=_checked(note))
    move(work, refund, Event.REFUND_REJECTED, settled_at=work.now)
    release_refund(work, payment, attempt, refund, Event.REFUND_REJECTED)
    return refund


@command(Event.REFUND_WITHDRAWN.value)
def withdraw_refund(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Refund:
    """The person who asked takes it back before anybody decided."""
    refund, payment, attempt = _load_refund(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    approvals.withdraw(work, approval, note=_checked(note))
    move(work, refund, Event.REFUND_WITHDRAWN, settled_at=work.now)
    release_refund(work, payment, attempt, refund, Event.REFUND_WITHDRAWN)
    return refund


@command(Event.REFUND_LAPSED.value)
def lapse_refund(work: Work, *, subject_id: uuid.UUID) -> Refund:
    """Nobody decided in time."""
    refund, payment, attempt = _load_refund(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    if approval.expires_at > work.now:
        return refund
    approvals.expire(work, approval)
    move(work, refund, Event.REFUND_LAPSED, settled_at=work.now)
    release_refund(work, payment, attempt, refund, Event.REFUND_LAPSED)
    return refund


@command(Event.REFUND_SUCCEEDED.value, moves_money=True)
def record_refund_result(
    work: Work, *, refund_id: uuid.UUID, answer: OperationAnswer, key: str
) -> Refund:
    """Record what became of a refund and book it: sent, failed, or come back after it was sent.

    A repeat, early or late, changes nothing. An answer about another amount settles nothing: the
    refund stays set aside and waits for a person.
    """
    refund, _payment, _attempt = _load_refund(work, refund_id)
    apply_refund_answer(work, refund, answer)
    return refund


def apply_refund_answer(work: Work, refund: Refund, answer: OperationAnswer) -> None:
    """What an answer does to a refund that was loaded with its payment and attempt, and books."""
    payment, attempt = refund.payment, refund.attempt
    if answer.status is OperationStatus.PENDING:
        if refund.status in WAITS:
            reference = answer.reference[:80]
            work.change(refund, provider_reference=reference, **ask_again(refund, work.now))
    elif answer.status is OperationStatus.FAILED:
        _record_failure(work, refund, payment, attempt, answer.failure_code)
    elif refund.status in WAITS:
        if answer.amount != refund.amount:
            found = Silence(answer.raw_status, does_not_fit=True, found=answer.amount)
            _lose(work, refund, found)
        else:
            _record_success(work, refund, payment, attempt, answer)


def _record_success(
    work: Work, refund: Refund, payment: Payment, attempt: Attempt, answer: OperationAnswer
) -> None:
    event = Event.REFUND_SUCCEEDED
    move(
        work,
        refund,
        event,
        provider_reference=answer.reference[:80],
        raw_status=answer.raw_status[:80],
        arn=answer.arn[:40],
        settled_at=work.now,
        **ANSWERED,
    )
    settle(
        work,
        payment,
        attempt,
        event.value,
        refund_pending_minor=payment.refund_pending_minor - refund.amount_minor,
        refunded_minor=payment.refunded_minor + refund.amount_minor,
    )
    book_refund_sent(work, payment, refund)


def _record_failure(
    work: Work, refund: Refund, payment: Payment, attempt: Attempt, code: str
) -> None:
    if refund.status in WAITS:
        event = Event.REFUND_FAILED
        move(work, refund, event, failure_code=code[:40], settled_at=work.now, **ANSWERED)
        release_refund(work, payment, attempt, refund, event)
        book_refund_failed(work, payment, refund)
    elif refund.status == Refund.Status.SUCCEEDED:
        event = Event.REFUND_RETURNED
        move(work, refund, event, failure_code=code[:40])
        refunded = payment.refunded_minor - refund.amount_minor
        settle(work, payment, attempt, event.value, refunded_minor=refunded)
        book_refund_returned(work, payment, refund)


@command(Event.REFUND_LOST.value)
def record_refund_lost(
    work: Work, *, refund_id: uuid.UUID, silence: Silence = NOTHING_SAID
) -> Refund:
    """Nobody knows what became of the refund: it stays set aside and is asked for again."""
    refund = work.load_one(Refund.objects.filter(pk=refund_id))
    if refund.status in WAITS:
        _lose(work, refund, silence)
    return refund


def _lose(work: Work, refund: Refund, silence: Silence) -> None:
    lose(work, refund, silence, lost=Event.REFUND_LOST, conflicted=Event.REFUND_CONFLICTED)

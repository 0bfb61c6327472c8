"""Setting a state to what the provider really says, when it does not tell us itself.

A correction is its own event and its own row. It moves along the same machine as an answer would,
and books what the answer would have booked: nothing is overwritten and nothing is booked twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from audit.approvals import steps as approvals
from audit.approvals.models import Kind as ApprovalKind
from audit.approvals.queries import find_limit
from audit.command import command
from audit.errors import Kind, Refusal
from audit.texts import clean_text
from audit.work import Work
from payments.commands.capture_voids import apply_capture_void_answer
from payments.commands.captures import apply_capture_answer
from payments.commands.increments import apply_increment_answer
from payments.commands.late import adopt, book_off, start_release, start_return
from payments.commands.payments import apply_authorization_answer, apply_authorization_failure
from payments.commands.refunds import apply_refund_answer
from payments.commands.voids import apply_void_answer
from payments.gateways.declines import UNKNOWN_CODE
from payments.gateways.protocol import (
    AuthorizationAnswer,
    AuthorizationStatus,
    OperationAnswer,
    OperationStatus,
)
from payments.models import (
    Attempt,
    Capture,
    Correction,
    Increment,
    LateAuthorization,
    Payment,
    Refund,
    RefundReason,
    reference_of,
)
from payments.policy import Correctable, correction_decision, seen_of, stake_of
from payments.queries.payments import list_reasons
from payments.retrying import CORRECTED
from payments.states import Event

VOIDING = (Capture.Status.VOIDING, Capture.Status.VOID_UNKNOWN)
Apply = Callable[[Work, Correctable, Correction], None]
MADE = "payments.correction.made"
DECIDED = "payments.late.decided"


@command("payments.correction.requested", moves_money=True)
def correct_payment(
    work: Work,
    *,
    payment_id: uuid.UUID,
    kind: str,
    row_id: uuid.UUID,
    to_status: str,
    reason: str,
    evidence: str,
    seen_status: str,
    key: str,
    provider_reference: str = "",
) -> Correction:
    """Set an attempt, an increase, a capture or a refund to what the provider says of it, or say
    what becomes of money that turned up late.

    `seen_status` is what `seen_of` gave to the person; another one now is a conflict. `evidence`
    says how the provider said it, `provider_reference` its name for the object (needed for an
    authorization that is to be captured). Above the person's limit, or without one, a second person
    decides. A repeat with the same key answers the first correction. Seven SELECTs.
    """
    if (done := work.replay(Correction)) is not None:
        return done
    row = load_row(work, kind, row_id)
    payment = row.payment
    if payment.pk != payment_id:
        raise _missing()
    if seen_of(row) != seen_status:
        message = _("The state has changed since you opened the page: look again.")
        raise Refusal("stale", message, Kind.CONFLICT, about=payment)
    words = clean_text(evidence, field="evidence", most=1000, required=True, lines=True)
    reference = clean_text(provider_reference, field="provider_reference", most=80)
    _check_reason(payment, reason)
    if Correction.objects.filter(row_id=row_id, status="awaiting_approval").exists():
        message = _("A correction of this waits for a second person already.")
        raise Refusal("correction_waits", message, Kind.CONFLICT, about=payment)
    limit = find_limit(work.actor, ApprovalKind.CORRECTION, payment.currency)
    decision = correction_decision(work.actor, row, to_status, reference, limit, work.now)
    if work.actor.user_id is None:
        message = _("Only a person corrects a state.")
        raise Refusal("correction_needs_person", message, Kind.FORBIDDEN, about=payment)
    if not decision:
        raise Refusal("correction_refused", decision.reason, Kind.CONFLICT, about=payment)
    correction = _new_correction(
        work, work.actor.user_id, row, kind, to_status, reference, reason, words, key
    )
    if decision.needs_second_person:
        _ask(work, correction)
        return correction
    work.add(correction)
    _apply(work, row, correction)
    return correction


def load_row(work: Work, kind: str, row_id: uuid.UUID) -> Correctable:
    """The row of a correction with its payment (and attempt), to be changed. One SELECT."""
    if kind == Correction.Kind.ATTEMPT:
        return work.load_one(Attempt.objects.filter(pk=row_id), _missing(), also=("payment",))
    also = ("payment", "attempt")
    if kind == Correction.Kind.CAPTURE:
        return work.load_one(Capture.objects.filter(pk=row_id), _missing(), also=also)
    if kind == Correction.Kind.INCREMENT:
        return work.load_one(Increment.objects.filter(pk=row_id), _missing(), also=also)
    if kind == Correction.Kind.LATE:
        return work.load_one(LateAuthorization.objects.filter(pk=row_id), _missing(), also=also)
    if kind == Correction.Kind.REFUND:
        return work.load_one(Refund.objects.filter(pk=row_id), _missing(), also=also)
    raise _missing()


def _missing() -> Refusal:
    return Refusal("row_missing", _("There is nothing of this kind to correct."), Kind.MISSING)


def _check_reason(payment: Payment, reason: str) -> None:
    if not list_reasons(RefundReason.Act.CORRECTION).filter(code=reason).exists():
        raise Refusal("reason_missing", _("Choose a reason from the list."), about=payment)


def _new_correction(
    work: Work,
    person_id: uuid.UUID,
    row: Correctable,
    kind: str,
    to_status: str,
    provider_reference: str,
    reason: str,
    evidence: str,
    key: str,
) -> Correction:
    correction = Correction(
        key=key,
        fingerprint=work.fingerprint,
        payment=row.payment,
        kind=kind,
        row_id=row.pk,
        from_status=row.status,
        to_status=to_status,
        amount_minor=stake_of(row),
        currency=row.currency,
        provider_reference=provider_reference,
        reason_id=reason,
        evidence=evidence,
        requested_by_id=person_id,
        created_at=work.now,
    )
    correction.reference = reference_of("X", correction.pk)
    return correction


def _ask(work: Work, correction: Correction) -> None:
    correction.status = Correction.Status.AWAITING_APPROVAL
    work.add(correction)
    approvals.request_approval(
        work,
        kind=ApprovalKind.CORRECTION,
        subject_id=correction.pk,
        subject_reference=correction.reference,
        is_live=correction.payment.is_live,
        amount_minor=correction.amount_minor,
        currency=correction.currency,
        reason=correction.evidence,
    )


def _apply(work: Work, row: Correctable, correction: Correction) -> None:
    """Move the row as an answer of the provider's would, under events of our own."""
    APPLY[(correction.kind, correction.to_status)](work, row, correction)
    if row.status != correction.to_status:
        message = _("This is not possible any more: the state has changed.")
        raise Refusal("illegal_move", message, Kind.CONFLICT, about=row.payment)
    ended = {"status": Correction.Status.DONE, "settled_at": work.now}
    if isinstance(row, LateAuthorization):
        # Nothing was wrong: what is done now is done under its own name.
        work.change(correction, event=DECIDED, **ended)
        return
    work.change(row, event=f"payments.{correction.kind}.corrected")
    work.change(row.payment, event=Event.PAYMENT_CORRECTED.value)
    work.change(correction, event=MADE, **ended)


def _operation(
    row: Correctable, correction: Correction, status: OperationStatus
) -> OperationAnswer:
    failed = status is OperationStatus.FAILED
    return OperationAnswer(
        status=status,
        reference=correction.provider_reference or row.provider_reference,
        amount=correction.amount,
        raw_status=CORRECTED,
        failure_code=CORRECTED if failed else "",
    )


def _held(work: Work, row: Correctable, correction: Correction) -> None:
    """An authorization holds after all: the bank said yes, or did not let go."""
    if not isinstance(row, Attempt):
        raise _missing()
    if row.status in (Attempt.Status.VOIDING, Attempt.Status.VOID_UNKNOWN):
        answer = _operation(row, correction, OperationStatus.FAILED)
        apply_void_answer(work, row, row.payment, answer)
        return
    apply_authorization_answer(
        work,
        row,
        row.payment,
        AuthorizationAnswer(
            status=AuthorizationStatus.AUTHORIZED,
            reference=correction.provider_reference or row.provider_reference,
            amount=correction.amount,
            approved=correction.amount,
            raw_status=CORRECTED,
        ),
    )


def _declined(work: Work, row: Correctable, correction: Correction) -> None:
    if not isinstance(row, Attempt):
        raise _missing()
    apply_authorization_answer(
        work,
        row,
        row.payment,
        AuthorizationAnswer(
            status=AuthorizationStatus.DECLINED,
            reference=correction.provider_reference or row.provider_reference,
            amount=correction.amount,
            approved=row.payment.money(0),
            raw_status=CORRECTED,
            decline_code=UNKNOWN_CODE,
        ),
    )


def _never_taken(work: Work, row: Correctable, _correction: Correction) -> None:
    if not isinstance(row, Attempt):
        raise _missing()
    apply_authorization_failure(work, row, row.payment, CORRECTED)


def _voided(work: Work, row: Correctable, correction: Correction) -> None:
    if not isinstance(row, Attempt):
        raise _missing()
    answer = OperationAnswer(
        status=OperationStatus.SUCCEEDED,
        reference=correction.provider_reference or row.provider_reference,
        amount=row.payment.money(row.void_minor),
        raw_status=CORRECTED,
    )
    apply_void_answer(work, row, row.payment, answer)


def _taken_back(work: Work, row: Correctable, correction: Correction) -> None:
    if not isinstance(row, Capture):
        raise _missing()
    apply_capture_void_answer(work, row, _operation(row, correction, OperationStatus.SUCCEEDED))


def _ended(status: OperationStatus) -> Apply:
    def apply(work: Work, row: Correctable, correction: Correction) -> None:
        answer = _operation(row, correction, status)
        if isinstance(row, Capture) and row.status in VOIDING:
            # It stands after all: what failed is the void.
            failed = _operation(row, correction, OperationStatus.FAILED)
            apply_capture_void_answer(work, row, failed)
        elif isinstance(row, Capture):
            apply_capture_answer(work, row, answer)
        elif isinstance(row, Increment):
            apply_increment_answer(work, row, answer)
        elif isinstance(row, Refund):
            apply_refund_answer(work, row, answer)

    return apply


def _late(act: Callable[[Work, LateAuthorization], None]) -> Apply:
    def apply(work: Work, row: Correctable, _correction: Correction) -> None:
        if not isinstance(row, LateAuthorization):
            raise _missing()
        act(work, row)

    return apply


APPLY: dict[tuple[str, str], Apply] = {
    ("attempt", Attempt.Status.AUTHORIZED): _held,
    ("attempt", Attempt.Status.DECLINED): _declined,
    ("attempt", Attempt.Status.FAILED): _never_taken,
    ("attempt", Attempt.Status.VOIDED): _voided,
    ("capture", Capture.Status.SUCCEEDED): _ended(OperationStatus.SUCCEEDED),
    ("capture", Capture.Status.FAILED): _ended(OperationStatus.FAILED),
    ("capture", Capture.Status.VOIDED): _taken_back,
    ("increment", Increment.Status.SUCCEEDED): _ended(OperationStatus.SUCCEEDED),
    ("increment", Increment.Status.FAILED): _ended(OperationStatus.FAILED),
    ("refund", Refund.Status.SUCCEEDED): _ended(OperationStatus.SUCCEEDED),
    ("refund", Refund.Status.FAILED): _ended(OperationStatus.FAILED),
    ("late", LateAuthorization.Status.VOIDING): _late(start_release),
    ("late", LateAuthorization.Status.RETURNING): _late(start_return),
    ("late", LateAuthorization.Status.ADOPTED): _late(adopt),
    ("late", LateAuthorization.Status.BOOKED_OFF): _late(book_off),
}


def _load(work: Work, correction_id: uuid.UUID) -> Correction:
    return work.load_one(Correction.objects.filter(pk=correction_id), _missing())


@command("payments.correction.approved", moves_money=True)
def approve_correction(
    work: Work, *, subject_id: uuid.UUID, key: str, note: str = ""
) -> Correction:
    """A second person says yes. A conflict when the provider has answered meanwhile.

    Once approved, a repeat by who may decide answers the correction.
    """
    correction = _load(work, subject_id)
    if correction.status != Correction.Status.AWAITING_APPROVAL:
        return _already(work, correction)
    row = load_row(work, correction.kind, correction.row_id)
    approvals.decide(work, approvals.load_approval(work, subject_id), approve=True, note=note)
    if row.status != correction.from_status:
        message = _("The provider has answered meanwhile: there is nothing to correct any more.")
        raise Refusal("correction_refused", message, Kind.CONFLICT, about=row.payment)
    if stake_of(row) != correction.amount_minor:
        message = _("The amount has changed meanwhile: reject this, and have it asked for anew.")
        raise Refusal("amount_differs", message, Kind.CONFLICT, about=row.payment)
    _apply(work, row, correction)
    return correction


def _already(work: Work, correction: Correction) -> Correction:
    may_decide = work.actor.may("approvals.decide_correction")
    if may_decide and correction.status == Correction.Status.DONE:
        return correction
    message = _("This was already decided.")
    raise Refusal("approval_decided", message, Kind.CONFLICT, about=correction)


@command("payments.correction.rejected")
def reject_correction(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Correction:
    """A second person says no: the state stays as it is."""
    correction = _load(work, subject_id)
    approvals.decide(work, approvals.load_approval(work, subject_id), approve=False, note=note)
    work.change(correction, status=Correction.Status.REJECTED, settled_at=work.now)
    return correction


@command("payments.correction.withdrawn")
def withdraw_correction(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Correction:
    """The person who asked takes it back."""
    correction = _load(work, subject_id)
    approvals.withdraw(work, approvals.load_approval(work, subject_id), note=note)
    work.change(correction, status=Correction.Status.WITHDRAWN, settled_at=work.now)
    return correction


@command("payments.correction.lapsed")
def lapse_correction(work: Work, *, subject_id: uuid.UUID) -> Correction:
    """Nobody decided in time."""
    correction = _load(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    if approval.expires_at <= work.now:
        approvals.expire(work, approval)
        work.change(correction, status=Correction.Status.LAPSED, settled_at=work.now)
    return correction

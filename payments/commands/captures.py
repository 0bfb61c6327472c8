"""Taking the money that is held."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.ledger.money import Money
from payments.models import Attempt, Capture
from payments.policy import capture_decision
from payments.queries.fees import get_fee
from payments.retrying import FIRST_LOOK
from payments.states import Event, move, settle
from payments.steps import (
    ANSWERED,
    NOTHING_SAID,
    Silence,
    ask_again,
    book_capture,
    lose,
    replay_or_load,
)

WAITS = (Capture.Status.PENDING, Capture.Status.UNKNOWN, Capture.Status.CONFLICTED)


@command("payments.capture.requested", moves_money=True)
def capture_payment(
    work: Work,
    *,
    payment_id: uuid.UUID,
    amount: Money,
    key: str,
    seen_capturable: int | None = None,
    is_final: bool = False,
) -> Capture:
    """Ask the provider for part or all of what is held; several captures are fine.

    `seen_capturable` (minor units) is what the person saw: another value now is a conflict.
    `is_final` lets go of the rest once this is captured; until then nothing else may be asked for.
    A repeat with the same key answers the first capture. 3 SELECTs, 4 statements to write.
    """
    found = replay_or_load(work, Capture, payment_id)
    if isinstance(found, Capture):
        return found
    payment, attempt = found
    if seen_capturable is not None and seen_capturable != payment.capturable.minor:
        raise Refusal(
            "stale",
            _("The amount has changed meanwhile: look again."),
            Kind.CONFLICT,
            about=payment,
        )
    decision = capture_decision(work.actor, payment, attempt, amount, work.now, is_final=is_final)
    if not decision:
        raise Refusal("capture_refused", decision.reason, Kind.CONFLICT, about=payment)
    # What takes everything leaves no rest to let go of.
    closes = is_final and amount.minor < payment.capturable.minor
    capture = Capture(
        key=key,
        fingerprint=work.fingerprint,
        payment=payment,
        attempt=attempt,
        connector=attempt.connector,
        amount_minor=amount.minor,
        currency=amount.currency,
        is_final=closes,
        created_at=work.now,
        ask_at=work.now + FIRST_LOOK,
    )
    work.add(capture)
    if closes:
        move(work, attempt, Event.ATTEMPT_CLOSING)
    pending = payment.capture_pending_minor + amount.minor
    settle(work, payment, attempt, "payments.capture.requested", capture_pending_minor=pending)
    work.later("payments.send_capture", capture_id=capture.pk)
    return capture


@command("payments.capture.succeeded", moves_money=True)
def record_capture_result(
    work: Work, *, capture_id: uuid.UUID, answer: OperationAnswer, key: str
) -> Capture:
    """Record what became of a capture and book it. A repeat, in any order, changes nothing.

    An answer about another amount settles nothing: the capture waits for a person.
    """
    capture = work.load_one(Capture.objects.filter(pk=capture_id), also=("payment", "attempt"))
    apply_capture_answer(work, capture, answer)
    return capture


def apply_capture_answer(work: Work, capture: Capture, answer: OperationAnswer) -> None:
    """What an answer does to a capture that was loaded with its payment and attempt, and books."""
    if capture.status not in WAITS:
        return
    if answer.status is OperationStatus.PENDING:
        reference = answer.reference[:80]
        work.change(capture, provider_reference=reference, **ask_again(capture, work.now))
    elif answer.status is OperationStatus.FAILED:
        _record_failure(work, capture, answer.failure_code[:40])
    elif answer.amount != capture.amount:
        lose(
            work,
            capture,
            Silence(answer.raw_status, does_not_fit=True, found=answer.amount),
            lost=Event.CAPTURE_LOST,
            conflicted=Event.CAPTURE_CONFLICTED,
        )
    else:
        _record_success(work, capture, answer)


def _record_failure(work: Work, capture: Capture, code: str) -> None:
    payment, attempt = capture.payment, capture.attempt
    event = Event.CAPTURE_FAILED
    move(work, capture, event, failure_code=code, settled_at=work.now, **ANSWERED)
    if capture.is_final and attempt.status == Attempt.Status.CLOSING:
        move(work, attempt, Event.ATTEMPT_REOPENED)
    pending = payment.capture_pending_minor - capture.amount_minor
    settle(work, payment, attempt, event.value, capture_pending_minor=pending)


def _record_success(work: Work, capture: Capture, answer: OperationAnswer) -> None:
    payment, attempt = capture.payment, capture.attempt
    event = Event.CAPTURE_SUCCEEDED
    move(
        work,
        capture,
        event,
        provider_reference=answer.reference[:80],
        raw_status=answer.raw_status[:80],
        settled_at=work.now,
        settles_at=answer.settles_at,
        **ANSWERED,
    )
    amounts = {
        "capture_pending_minor": payment.capture_pending_minor - capture.amount_minor,
        "captured_minor": payment.captured_minor + capture.amount_minor,
    }
    if capture.is_final and attempt.status == Attempt.Status.CLOSING:
        move(work, attempt, Event.ATTEMPT_CLOSED)
        amounts["authorized_minor"] = amounts["captured_minor"] + amounts["capture_pending_minor"]
    settle(work, payment, attempt, event.value, **amounts)
    book_capture(work, payment, capture, get_fee(payment.merchant_id, capture.amount))


@command("payments.capture.lost")
def record_capture_lost(
    work: Work, *, capture_id: uuid.UUID, silence: Silence = NOTHING_SAID
) -> Capture:
    """Nobody knows what became of the capture: it stays pending and is asked for again."""
    capture = work.load_one(Capture.objects.filter(pk=capture_id))
    if capture.status in WAITS:
        lose(
            work,
            capture,
            silence,
            lost=Event.CAPTURE_LOST,
            conflicted=Event.CAPTURE_CONFLICTED,
        )
    return capture

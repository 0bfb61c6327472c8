"""Taking the money that is held."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.protocol import OperationAnswer, OperationStatus
from payments.ledger.money import Money
from payments.models import Capture
from payments.policy import capture_decision
from payments.queries.fees import get_fee
from payments.states import Event, move, settle
from payments.steps import ask_again, book_capture, load_payment

WAITS = (Capture.Status.PENDING, Capture.Status.UNKNOWN)


@command("payments.capture.requested", moves_money=True)
def capture_payment(
    work: Work,
    *,
    payment_id: uuid.UUID,
    amount: Money,
    key: str,
    seen_capturable: int | None = None,
) -> Capture:
    """Ask the provider for part or all of what is held; several captures are fine.

    `seen_capturable` (minor units) is what the person saw: another value now is a conflict.
    A repeat with the same key answers the first capture. 3 SELECTs, 4 statements to write.
    """
    if (done := work.replay(Capture)) is not None:
        return done
    payment, attempt = load_payment(work, payment_id)
    if seen_capturable is not None and seen_capturable != payment.capturable.minor:
        raise Refusal(
            "stale",
            _("The amount has changed meanwhile: look again."),
            Kind.CONFLICT,
            about=payment,
        )
    decision = capture_decision(work.actor, payment, attempt, amount, work.now)
    if not decision:
        raise Refusal("capture_refused", decision.reason, Kind.CONFLICT, about=payment)
    capture = Capture(
        key=key,
        fingerprint=work.fingerprint,
        payment=payment,
        attempt=attempt,
        connector=attempt.connector,
        amount_minor=amount.minor,
        currency=amount.currency,
        created_at=work.now,
    )
    work.add(capture)
    pending = payment.capture_pending_minor + amount.minor
    settle(work, payment, attempt, "payments.capture.requested", capture_pending_minor=pending)
    work.later("payments.send_capture", capture_id=capture.pk)
    return capture


@command("payments.capture.succeeded", moves_money=True)
def record_capture_result(
    work: Work, *, capture_id: uuid.UUID, answer: OperationAnswer, key: str
) -> Capture:
    """Record what became of a capture and book it. A repeat, in any order, changes nothing."""
    capture = work.load_one(Capture.objects.filter(pk=capture_id), also=("payment", "attempt"))
    payment, attempt = capture.payment, capture.attempt
    if capture.status not in WAITS or answer.status is OperationStatus.PENDING:
        return capture
    pending = payment.capture_pending_minor - capture.amount_minor
    if answer.status is OperationStatus.FAILED:
        event = Event.CAPTURE_FAILED
        code = answer.failure_code[:40]
        move(work, capture, event, failure_code=code, settled_at=work.now, ask_at=None)
        settle(work, payment, attempt, event.value, capture_pending_minor=pending)
        return capture
    event = Event.CAPTURE_SUCCEEDED
    move(
        work,
        capture,
        event,
        provider_reference=answer.reference[:80],
        raw_status=answer.raw_status[:80],
        settled_at=work.now,
        ask_at=None,
    )
    captured = payment.captured_minor + capture.amount_minor
    settle(
        work,
        payment,
        attempt,
        event.value,
        capture_pending_minor=pending,
        captured_minor=captured,
    )
    book_capture(work, payment, capture, get_fee(payment.merchant_id, capture.amount))
    return capture


@command("payments.capture.lost")
def record_capture_lost(work: Work, *, capture_id: uuid.UUID, raw: str = "") -> Capture:
    """Nobody knows what became of the capture: it stays pending and is asked for again."""
    capture = work.load_one(Capture.objects.filter(pk=capture_id))
    if capture.status == Capture.Status.UNKNOWN:
        work.change(capture, **ask_again(capture, work.now))
    elif capture.status == Capture.Status.PENDING:
        again = ask_again(capture, work.now)
        move(work, capture, Event.CAPTURE_LOST, raw_status=raw[:80], **again)
    return capture

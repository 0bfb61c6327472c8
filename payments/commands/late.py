"""Authorizations that turn up after their attempt had failed.

The shop was told that the payment failed, and may have taken it in another way since. So what is
held is let go at once, and what was taken goes back; a person may take the latter for the payment
as long as nothing else has been held or taken for it, and books off what the provider refuses to
give back. See docs/decisions/0026.

What is true is always asked of the provider: each command here ends in the same state whatever the
order and the number of the answers.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work
from payments.gateways.protocol import (
    AuthorizationAnswer,
    AuthorizationStatus,
    OperationAnswer,
    OperationStatus,
)
from payments.ledger.chart import AccountCode, TransferCode
from payments.ledger.money import Money
from payments.ledger.steps import credit, debit, post
from payments.models import Attempt, Capture, LateAuthorization
from payments.policy import Decision, adoption_decision, book_off_decision
from payments.queries.fees import get_fee
from payments.queries.late import has_later_attempt
from payments.retrying import FIRST_LOOK
from payments.states import Event, ended_without_money, move, settle
from payments.steps import ANSWERED, NOTHING_SAID, Silence, ask_again, book_capture, lose

Status = LateAuthorization.Status
RELEASING = (Status.VOIDING, Status.VOID_UNKNOWN)
HOLDING = (*RELEASING, Status.HELD)
RETURNING = (Status.RETURNING, Status.RETURN_UNKNOWN)
APPROVED = (AuthorizationStatus.AUTHORIZED, AuthorizationStatus.PARTIALLY_AUTHORIZED)


@command("payments.late.found", moves_money=True)
def record_late_authorization(
    work: Work, *, attempt_id: uuid.UUID, answer: AuthorizationAnswer, key: str
) -> LateAuthorization | None:
    """Record what the provider holds or has taken now for an attempt that has failed, and have it
    let go or given back. None where there is nothing and never was.

    A repeat, or an answer that comes in another order, ends in the same state. What moved at the
    provider is booked. Refuses another currency than the attempt's. Two SELECTs.
    """
    attempt = work.load_one(Attempt.objects.filter(pk=attempt_id), also=("payment",))
    known = work.load(LateAuthorization.objects.filter(attempt_id=attempt_id))
    if not known and not ended_without_money(attempt):
        return None
    held, taken = _amounts_of(answer)
    if answer.amount.currency != attempt.currency:
        message = _("The provider speaks of another amount.")
        raise Refusal("amount_differs", message, Kind.CONFLICT, about=attempt.payment)
    if known:
        _follow(work, known[0], held, taken)
        return known[0]
    return _find(work, attempt, answer, held, taken) if held or taken else None


def _amounts_of(answer: AuthorizationAnswer) -> tuple[int, int]:
    """What is held and what was taken, in minor units."""
    approved = answer.approved.minor if answer.status in APPROVED else 0
    held = approved if answer.capturable is None else answer.capturable.minor
    return held, 0 if answer.taken is None else answer.taken.minor


def _find(
    work: Work, attempt: Attempt, answer: AuthorizationAnswer, held: int, taken: int
) -> LateAuthorization:
    late = LateAuthorization(
        key=f"late:{attempt.pk}",
        fingerprint="",
        payment=attempt.payment,
        attempt=attempt,
        connector=attempt.connector,
        provider_reference=answer.reference,
        raw_status=answer.raw_status[:80],
        amount_minor=answer.approved.minor,
        currency=attempt.currency,
        status=Status.VOIDING if held else Status.TAKEN,
        held_minor=held,
        release_tries=1 if held else 0,
        created_at=work.now,
        ask_at=work.now + FIRST_LOOK,
    )
    work.add(late, event=Event.LATE_FOUND.value)
    _book_taken(work, late, taken)
    if held:
        work.later("payments.release_late", late_id=late.pk)
    else:
        work.change(late, **_wait_to_return(work, late))
    return late


def _follow(work: Work, late: LateAuthorization, held: int, taken: int) -> None:
    """Go on from what was known to what is true now."""
    if late.status == Status.ADOPTED:
        return
    if late.status == Status.BOOKED_OFF:
        if (held, taken) == (0, late.taken_minor):
            return
        _reclaim(work, late)
    # What goes back because we asked for it is told by the answer to that.
    if late.status not in RETURNING or taken > late.taken_minor:
        _book_taken(work, late, taken)
    if held != late.held_minor:
        work.change(late, held_minor=held)
    if late.status in RETURNING:
        return
    if held:
        _follow_held(work, late)
    elif taken:
        _follow_taken(work, late)
    else:
        _follow_nothing(work, late)


def _follow_held(work: Work, late: LateAuthorization) -> None:
    if late.status not in HOLDING:
        start_release(work, late)
    elif late.status == Status.HELD:
        work.change(late, ask_at=None)


def _follow_taken(work: Work, late: LateAuthorization) -> None:
    if late.status == Status.TAKEN:
        return
    # What came back once would come back again: a person must look.
    came_back = late.status == Status.RETURNED
    fields = {"ask_at": None} if came_back else _wait_to_return(work, late)
    move(work, late, Event.LATE_TAKEN, **{**ANSWERED, **fields}, settled_at=None)


def _follow_nothing(work: Work, late: LateAuthorization) -> None:
    if late.status in HOLDING:
        move(work, late, Event.LATE_RELEASED, **ANSWERED, settled_at=work.now)
    elif late.status == Status.TAKEN:
        move(work, late, Event.LATE_RETURNED, **ANSWERED, settled_at=work.now)


def start_release(work: Work, late: LateAuthorization) -> None:
    """Have the provider asked to let go, under a key of its own for each time."""
    move(
        work,
        late,
        Event.LATE_RELEASE_REQUESTED,
        release_tries=late.release_tries + 1,
        asked_times=0,
        ask_at=work.now + FIRST_LOOK,
        failure_code="",
        settled_at=None,
    )
    work.later("payments.release_late", late_id=late.pk)


def _wait_to_return(work: Work, late: LateAuthorization) -> dict[str, Any]:
    """When money that was taken goes back by itself: after the time that people have to take it
    for the payment, and at once where nobody may. One SELECT."""
    waits = timedelta(hours=settings.LATE_RETURN_AFTER_H)
    if not _may_adopt(late):
        waits = timedelta()
        work.later("payments.return_late", late_id=late.pk)
    return {"asked_times": 0, "ask_at": work.now + waits}


def _may_adopt(late: LateAuthorization) -> Decision:
    return adoption_decision(late, is_last=not has_later_attempt(late.attempt))


# The ledger


def _book_taken(work: Work, late: LateAuthorization, taken: int) -> None:
    """The provider owes us what was taken, and nobody here is owed it: it stands on suspense."""
    minor = taken - late.taken_minor
    if minor > 0:
        _book(work, late, TransferCode.LATE_TAKEN, Money(minor, late.currency), arrives=True)
    elif minor < 0:
        _book(work, late, TransferCode.LATE_RETURNED, Money(-minor, late.currency), arrives=False)


def _book(
    work: Work, late: LateAuthorization, why: TransferCode, amount: Money, *, arrives: bool
) -> None:
    if arrives:
        _move_money(work, late, why, amount, AccountCode.PROVIDER_CLEARING, AccountCode.SUSPENSE)
        work.change(late, taken_minor=late.taken_minor + amount.minor)
    else:
        _move_money(work, late, why, amount, AccountCode.SUSPENSE, AccountCode.PROVIDER_CLEARING)
        work.change(late, taken_minor=late.taken_minor - amount.minor)


def _move_money(
    work: Work,
    late: LateAuthorization,
    why: TransferCode,
    amount: Money,
    debited: AccountCode,
    credited: AccountCode,
) -> None:
    lines = [
        debit(late.payment.account(debited), amount),
        credit(late.payment.account(credited), amount),
    ]
    work.change(late, bookings=late.bookings + 1)
    post(work, why, late.transfers[-1], lines)


# Letting go


def _load(work: Work, late_id: uuid.UUID) -> LateAuthorization:
    return work.load_one(
        LateAuthorization.objects.filter(pk=late_id),
        Refusal("late_missing", _("There is no such authorization."), Kind.MISSING),
        also=("payment", "attempt"),
    )


@command("payments.late.release_refused")
def record_release_refused(work: Work, *, late_id: uuid.UUID, code: str) -> LateAuthorization:
    """The provider does not let go: a person must look. A repeat changes nothing."""
    late = _load(work, late_id)
    if late.status in RELEASING:
        event = Event.LATE_RELEASE_REFUSED
        move(work, late, event, failure_code=code[:40], **ANSWERED)
    return late


@command("payments.late.lost")
def record_late_lost(
    work: Work, *, late_id: uuid.UUID, silence: Silence = NOTHING_SAID
) -> LateAuthorization:
    """Nobody knows whether it was let go, or given back: it is asked for again."""
    late = _load(work, late_id)
    if late.status in RELEASING:
        event = Event.LATE_RELEASE_LOST
        lose(work, late, silence, lost=event, conflicted=event)
    elif late.status in RETURNING:
        event = Event.LATE_RETURN_LOST
        lose(work, late, silence, lost=event, conflicted=event)
    return late


# Giving back


@command("payments.late.return_requested", moves_money=True)
def return_late(work: Work, *, late_id: uuid.UUID, key: str) -> LateAuthorization:
    """Have all that was taken given back, because nobody has taken it for the payment in time.

    A repeat changes nothing, and neither does one that comes before its time. One SELECT.
    """
    late = _load(work, late_id)
    is_due = late.ask_at is not None and late.ask_at <= work.now
    if late.status == Status.TAKEN and is_due:
        start_return(work, late)
    return late


def start_return(work: Work, late: LateAuthorization) -> None:
    """Ask the provider to give back all that was taken of it."""
    move(
        work,
        late,
        Event.LATE_RETURN_REQUESTED,
        return_minor=late.taken_minor,
        return_tries=late.return_tries + 1,
        asked_times=0,
        ask_at=work.now + FIRST_LOOK,
        failure_code="",
    )
    work.later("payments.send_late_return", late_id=late.pk)


@command("payments.late.returned", moves_money=True)
def record_late_return(
    work: Work, *, late_id: uuid.UUID, answer: OperationAnswer, key: str
) -> LateAuthorization:
    """Record what became of the money that was to go back, and book it. A repeat changes nothing.

    What the provider refuses waits for a person; an answer about another amount settles nothing.
    """
    late = _load(work, late_id)
    if late.status not in RETURNING:
        return late
    if answer.status is OperationStatus.PENDING:
        work.change(late, return_reference=answer.reference[:80], **ask_again(late, work.now))
    elif answer.status is OperationStatus.FAILED:
        code = answer.failure_code[:40]
        move(work, late, Event.LATE_RETURN_REFUSED, failure_code=code, **ANSWERED)
    elif answer.amount != Money(late.return_minor, late.currency):
        event = Event.LATE_RETURN_LOST
        found = Silence(answer.raw_status, does_not_fit=True, found=answer.amount)
        lose(work, late, found, lost=event, conflicted=event)
    else:
        _record_returned(work, late, answer)
    return late


def _record_returned(work: Work, late: LateAuthorization, answer: OperationAnswer) -> None:
    reference = answer.reference[:80]
    _book(work, late, TransferCode.LATE_RETURNED, answer.amount, arrives=False)
    if late.taken_minor:
        # More was taken while it was on its way.
        fields = {**ANSWERED, **_wait_to_return(work, late)}
        move(work, late, Event.LATE_TAKEN, return_reference=reference, **fields)
        return
    move(
        work,
        late,
        Event.LATE_RETURNED,
        return_reference=reference,
        settled_at=work.now,
        **ANSWERED,
    )


# Keeping it


def adopt(work: Work, late: LateAuthorization) -> None:
    """Keep what was taken for the payment: its attempt has succeeded after all, and what stood on
    suspense is the merchant's, less our fee. Two SELECTs.

    Refuses a payment for which anything else was tried since.
    """
    payment, attempt, amount = late.payment, late.attempt, late.taken
    if not (decision := _may_adopt(late)):
        raise Refusal("adoption_refused", decision.reason, Kind.CONFLICT, about=payment)
    move(
        work,
        attempt,
        Event.ATTEMPT_ADOPTED,
        provider_reference=late.provider_reference,
        approved_minor=amount.minor,
        decline_code="",
    )
    capture = Capture(
        key=f"late:{late.pk}",
        fingerprint="",
        payment=payment,
        attempt=attempt,
        connector=attempt.connector,
        amount_minor=amount.minor,
        currency=amount.currency,
        status=Capture.Status.SUCCEEDED,
        created_at=work.now,
        settled_at=work.now,
    )
    event = Event.CAPTURE_ADOPTED.value
    work.add(capture, event=event)
    _book(work, late, TransferCode.LATE_ADOPTED, amount, arrives=False)
    taken = {"authorized_minor": amount.minor, "captured_minor": amount.minor}
    settle(work, payment, attempt, event, **taken)
    book_capture(work, payment, capture, get_fee(payment.merchant_id, amount))
    move(work, late, Event.LATE_ADOPTED, **ANSWERED, settled_at=work.now)


# Booking it off


def book_off(work: Work, late: LateAuthorization) -> None:
    """Take what cannot be given back off the suspense account: it is unclaimed money now, which the
    provider has and owes us as before. No queries.

    Refuses what still goes back by itself, and what nobody has tried to give back.
    """
    if not (decision := book_off_decision(late)):
        raise Refusal("book_off_refused", decision.reason, Kind.CONFLICT, about=late.payment)
    why, taken = TransferCode.LATE_UNCLAIMED, late.taken
    _move_money(work, late, why, taken, AccountCode.SUSPENSE, AccountCode.UNCLAIMED)
    move(work, late, Event.LATE_BOOKED_OFF, **ANSWERED, settled_at=work.now)


def _reclaim(work: Work, late: LateAuthorization) -> None:
    """Something moved at the provider after it was booked off: all of it is on suspense again, and
    a person looks at what is left."""
    why, taken = TransferCode.LATE_RECLAIMED, late.taken
    _move_money(work, late, why, taken, AccountCode.UNCLAIMED, AccountCode.SUSPENSE)
    move(work, late, Event.LATE_RECLAIMED, settled_at=None)

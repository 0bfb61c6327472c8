"""Letting go of what is held for an attempt that has failed, and giving back what was taken.

An answer of the provider's to either is not taken for the end: what is true is read afterwards.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from audit import clock
from audit.outbox.handlers import TryAgain, handler
from payments.commands.late import (
    RELEASING,
    RETURNING,
    record_late_authorization,
    record_late_lost,
    record_late_return,
    record_release_refused,
    return_late,
)
from payments.commands.payments import record_authorization
from payments.gateways.errors import Unavailable, Unknown
from payments.gateways.models import InboundEvent
from payments.gateways.protocol import OperationAnswer, OperationStatus, Sort, Sought
from payments.gateways.registry import NoSuchConnector, open_gateway
from payments.ledger.money import Money
from payments.models import Attempt, LateAuthorization
from payments.queries.late import find_by_key, find_told, get_late
from payments.queries.payments import get_attempt
from payments.states import ended_without_money
from payments.steps import NOTHING_SAID, Silence
from payments.tasks.asking import ask, gateway_of, occurred_at, refused, silence_of

ASKED_BY_KEY_AFTER = timedelta(seconds=30)
"""Before, an object that we do not know is mostly one whose call has just not been recorded."""
Status = LateAuthorization.Status


def follow_late(event: InboundEvent) -> tuple[bool, Attempt | None]:
    """Whether an event is about money that turned up after its attempt had failed, in which case
    what is true of it now has been recorded; and the attempt. None for what is not ours, or not
    known yet.

    One SELECT for what is not late. One provider call for what is, two where only our key leads to
    it.
    """
    reference = _authorization_of(event)
    late, attempt = find_told(event.connector, reference)
    if late is not None:
        # What was taken for the payment is followed as any; its capture was not made by a call.
        attempt = late.attempt
        is_late = late.status != Status.ADOPTED or _is_of_unknown_capture(event)
    else:
        attempt = attempt or _find_by_key(event, reference)
        is_late = attempt is not None and ended_without_money(attempt)
    if attempt is not None and is_late:
        look(attempt, reference)
    return is_late, attempt


def _authorization_of(event: InboundEvent) -> str:
    """What the provider calls the authorization that an event is about."""
    if event.object_kind == "authorization":
        return event.object_reference
    return event.authorization_reference or event.object_reference


def _is_of_unknown_capture(event: InboundEvent) -> bool:
    """A capture that is one of our rows was followed before anybody asked whether it is late."""
    return event.object_kind == "capture"


def _find_by_key(event: InboundEvent, reference: str) -> Attempt | None:
    """The attempt whose answer never came: the provider says which key of ours made the object.

    One that still waits is told what the provider says.
    """
    if not reference or clock.now() - event.received_at < ASKED_BY_KEY_AFTER:
        return None
    try:
        gateway = open_gateway(event.connector, event.account)
    except NoSuchConnector:
        return None
    answer = gateway.retrieve_authorization(reference)
    attempt = find_by_key(event.connector, answer.key)
    if attempt is not None and not ended_without_money(attempt):
        record_authorization(attempt_id=attempt.pk, answer=answer, key=str(attempt.pk))
        return get_attempt(attempt.pk)
    return attempt


def look(attempt: Attempt, reference: str) -> LateAuthorization | None:
    """Ask what is held and taken now, and have it recorded."""
    answer = gateway_of(attempt).retrieve_authorization(reference)
    return record_late_authorization(attempt_id=attempt.pk, answer=answer, key=f"late:{attempt.pk}")


def settle_late(late: LateAuthorization) -> None:
    """Ask the provider about one, then go on with what is not done; the same key as before."""
    if late.status == Status.TAKEN:
        return_late(late_id=late.pk, key=return_key(late))
        return
    if not _look_again(late):
        return
    late = get_late(late.pk)
    if late.status in RELEASING:
        # Ask next time first: what follows may fail, and the schedule must go on.
        record_late_lost(late_id=late.pk)
        ask_release(late)
    elif late.status in RETURNING:
        _settle_return(late)


def _look_again(late: LateAuthorization) -> bool:
    """Whether the provider has said how it stands; when not, it is asked again."""
    try:
        look(late.attempt, late.provider_reference)
    except Unknown as error:
        record_late_lost(late_id=late.pk, silence=silence_of(error))
        return False
    return True


@handler("payments.look_for_late")
def look_for_late(*, attempt_id: str) -> None:
    """Ask once more about an attempt of which its provider had never heard."""
    attempt = get_attempt(uuid.UUID(attempt_id))
    if not ended_without_money(attempt):
        return
    try:
        answer = gateway_of(attempt).find_authorization(str(attempt.pk))
    except (Unavailable, Unknown) as trouble:
        raise TryAgain(str(trouble)) from trouble
    if answer is not None:
        record_late_authorization(attempt_id=attempt.pk, answer=answer, key=f"late:{attempt.pk}")


@handler("payments.release_late")
def release_late(*, late_id: str) -> None:
    """Ask the provider to let go of what it holds for what has failed."""
    late = get_late(uuid.UUID(late_id))
    if late.status == Status.VOIDING:
        ask_release(late)


def ask_release(late: LateAuthorization) -> None:
    """One void call; then what is true is read and recorded."""
    answer = ask(
        late,
        lambda: gateway_of(late).void(
            key=release_key(late),
            authorization_reference=late.provider_reference,
            occurred_at=occurred_at(late.created_at),
        ),
        lambda silence: _lost(late, silence),
        lambda code: _release_refused(late, code),
    )
    if answer is None:
        return
    if answer.status is OperationStatus.FAILED:
        _release_refused(late, answer.failure_code)
    elif _look_again_soon(late) and get_late(late.pk).status == Status.VOIDING:
        # It says that it has let go, and holds it still: an answer of a moment ago, perhaps.
        _lost(late, NOTHING_SAID)


def _release_refused(late: LateAuthorization, code: str) -> None:
    """Mostly because nothing is held any more: what is true decides."""
    if _look_again_soon(late) and get_late(late.pk).status in RELEASING:
        record_release_refused(late_id=late.pk, code=code)


def _look_again_soon(late: LateAuthorization) -> bool:
    """As `_look_again`, also where the provider has just gone away: what it did is on its side."""
    try:
        return _look_again(late)
    except Unavailable:
        _lost(late, NOTHING_SAID)
        return False


def _lost(late: LateAuthorization, silence: Silence) -> None:
    record_late_lost(late_id=late.pk, silence=silence)


def release_key(late: LateAuthorization) -> str:
    """The key of the void at the provider: of the attempt's id, which is that of its authorization,
    and another for each time that it must be let go."""
    return f"late-void-{late.attempt_id}-{late.release_tries}"


@handler("payments.return_late")
def return_taken(*, late_id: str) -> None:
    """Nobody may take the money for its payment: it goes back now."""
    late = get_late(uuid.UUID(late_id))
    if late.status == Status.TAKEN:
        return_late(late_id=late.pk, key=return_key(late))


@handler("payments.send_late_return")
def send_late_return(*, late_id: str) -> None:
    """Ask the provider to give back what was taken for what has failed."""
    late = get_late(uuid.UUID(late_id))
    if late.status == Status.RETURNING:
        _ask_return(late)


def _settle_return(late: LateAuthorization) -> None:
    amount = Money(late.return_minor, late.currency)
    sought = Sought(Sort.REFUND, late.provider_reference, amount)
    try:
        answer = gateway_of(late).find_operation(return_key(late), sought)
    except Unknown as error:
        _lost(late, silence_of(error))
        return
    record_late_lost(late_id=late.pk)
    if answer is None:
        _ask_return(late)
    else:
        _tell_return(late, answer)


def _ask_return(late: LateAuthorization) -> None:
    amount = Money(late.return_minor, late.currency)
    answer = ask(
        late,
        lambda: gateway_of(late).refund(
            key=return_key(late),
            authorization_reference=late.provider_reference,
            amount=amount,
            occurred_at=occurred_at(late.created_at),
        ),
        lambda silence: _lost(late, silence),
        lambda code: _tell_return(late, refused(amount, code)),
    )
    if answer is not None:
        _tell_return(late, answer)


def _tell_return(late: LateAuthorization, answer: OperationAnswer) -> None:
    """Put it on record; then look, for what happened while it was on its way."""
    record_late_return(late_id=late.pk, answer=answer, key=return_key(late))
    _look_again_soon(late)


def return_key(late: LateAuthorization) -> str:
    """The key of the refund at the provider: another for each that was asked for."""
    return f"late-return-{late.attempt_id}-{late.return_tries}"

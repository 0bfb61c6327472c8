"""One call to a provider, and what its silence means."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from audit import clock
from audit.outbox.handlers import TryAgain
from payments.gateways.errors import Mismatch, Rejected, Unavailable, Unknown, UnmappedStatus
from payments.gateways.protocol import (
    AuthorizationAnswer,
    Gateway,
    OperationAnswer,
    OperationStatus,
    Sort,
    Sought,
)
from payments.gateways.registry import open_gateway
from payments.ledger.money import Money
from payments.models import Asking, Attempt, Capture, Increment
from payments.queries.payments import VOIDS, is_known_elsewhere
from payments.steps import Silence

Answer = TypeVar("Answer", AuthorizationAnswer, OperationAnswer)


def gateway_of(row: Asking) -> Gateway:
    """The gateway through the account that the row's attempt was made at."""
    return open_gateway(row.connector, _attempt_of(row).account, row.payment_id)


def through_of(row: Asking) -> tuple[str, uuid.UUID | None]:
    """Where a row is asked for: at a provider, through an account."""
    return row.connector, _attempt_of(row).account_id


def _attempt_of(row: Asking) -> Attempt:
    return row if isinstance(row, Attempt) else row.attempt


def occurred_at(asked_at: datetime | None) -> datetime | None:
    """When a call counts at the provider: by its own clock, unless the demo is telling of the past;
    and then the time comes from the row, so that a repeat of the call is the same call."""
    return asked_at if clock.tells_of_the_past() else None


def sought_of(row: Asking) -> Sought:
    """What the key of a row was used for: its void, while one is under way."""
    is_void = row.status in VOIDS
    if isinstance(row, Attempt):
        return Sought(Sort.VOID, row.provider_reference, Money(row.void_minor, row.currency))
    if isinstance(row, Capture):
        sort = Sort.VOID_CAPTURE if is_void else Sort.CAPTURE
    else:
        sort = Sort.INCREMENT if isinstance(row, Increment) else Sort.REFUND
    return Sought(sort, row.attempt.provider_reference, row.amount)


def ask(
    row: Asking,
    call: Callable[[], Answer],
    lost: Callable[[Silence], object],
    rejected: Callable[[str], object],
) -> Answer | None:
    """The provider's answer to the call about `row`, or None when there was none of use.

    A no is given to `rejected` by its code, silence to `lost`. Raises TryAgain when the provider
    cannot be reached: surely nothing happened.
    """
    try:
        answer = call()
        check_reference(row, answer.reference)
    except Unavailable as error:
        raise TryAgain("provider unavailable") from error
    except Rejected as error:
        rejected(error.code)
    except Unknown as error:
        lost(silence_of(error))
    else:
        return answer
    return None


def check_reference(row: Asking, reference: str) -> None:
    """Raises Mismatch for an answer that names an object of another row."""
    if is_known_elsewhere(row, reference):
        raise Mismatch("reference", "one of its own", reference)


def silence_of(error: Unknown) -> Silence:
    """What is known of an answer that settles nothing."""
    if isinstance(error, UnmappedStatus):
        return Silence(error.raw_status)
    if isinstance(error, Mismatch):
        found = error.found if isinstance(error.found, Money) else None
        return Silence(does_not_fit=True, found=found)
    return Silence()


def refused(amount: Money, code: str) -> OperationAnswer:
    """A no as an answer."""
    return OperationAnswer(
        status=OperationStatus.FAILED,
        reference="",
        amount=amount,
        raw_status=code,
        failure_code=code,
    )

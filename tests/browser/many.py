"""Ten thousand rows of what lists show, put into the test's database past the kernel."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from audit import guard
from audit.approvals.models import Approval
from audit.jobs.models import Job
from audit.models import LogEntry
from audit.outbox.models import Message
from config.access.models import User
from payments.models import Payment, reference_of

MANY = 10_000
BATCH = 500
NOW = datetime.now(UTC)


def fill(payment: Payment, person: User, worker: User) -> None:
    """So many payments like this one, requests and looks of this person, jobs of the worker's,
    and people."""
    makers: list[Callable[[int], Model]] = [
        _payment(payment),
        _request(person),
        _entry(payment, person),
        _person(),
        _job(worker),
        _message(),
    ]
    with guard.suspended():
        for make in makers:
            rows = [make(number) for number in range(MANY)]
            type(rows[0])._default_manager.bulk_create(rows, batch_size=BATCH)


def _payment(like: Payment) -> Callable[[int], Payment]:
    states = list(Payment.Status)

    def make(number: int) -> Payment:
        pk = uuid.uuid4()
        status = states[number % len(states)]
        taken = 0 if status in ("failed", "processing", "unknown") else 1_000 + number
        return Payment(
            pk=pk,
            key=f"many-{number}",
            fingerprint="",
            merchant_id=like.merchant_id,
            customer_id=like.customer_id,
            reference=reference_of("P", pk),
            order_reference=f"ORD-{number}",
            amount_minor=1_000 + number,
            currency="EUR",
            capture_method="automatic",
            status=status,
            created_at=NOW - timedelta(minutes=5 * number),
            authorized_minor=taken,
            captured_minor=taken,
        )

    return make


def _request(by: User) -> Callable[[int], Approval]:
    def make(number: int) -> Approval:
        return Approval(
            kind="refund",
            subject_id=uuid.uuid4(),
            subject_reference=f"R-{number:012d}",
            amount_minor=100 + number,
            currency="EUR",
            reason="A parcel that never came",
            requested_by=by,
            requested_at=NOW - timedelta(minutes=number),
            expires_at=NOW + timedelta(days=3),
        )

    return make


def _entry(about: Payment, by: User) -> Callable[[int], LogEntry]:
    kind = ContentType.objects.get_for_model(Payment)

    def make(number: int) -> LogEntry:
        return LogEntry(
            event="access.payments.detail",
            action=LogEntry.Action.ACCESS,
            content_type=kind,
            object_pk=str(about.pk),
            object_repr=about.reference,
            actor=by,
            actor_kind="user",
            actor_label=by.reference,
            effective_at=NOW - timedelta(minutes=number),
        )

    return make


def _job(by: User) -> Callable[[int], Job]:
    states = list(Job.Status)

    def make(number: int) -> Job:
        return Job(
            key=f"many-{number}",
            fingerprint="",
            kind="payments.export",
            status=states[number % len(states)],
            asked_by=by,
            asked_at=NOW - timedelta(minutes=number),
            request_id="many",
            given={},
            done=number,
            total=MANY,
        )

    return make


def _message() -> Callable[[int], Message]:
    def make(number: int) -> Message:
        at = NOW - timedelta(minutes=number)
        return Message(
            task="payments.send_refund",
            kwargs={},
            status=Message.Status.DEAD,
            attempts=12,
            next_at=at,
            made_at=at,
            command_id=uuid.uuid4(),
            request_id="many",
            error="TryAgain",
        )

    return make


def _person() -> Callable[[int], User]:
    def make(number: int) -> User:
        return User(email=f"person{number}@many.test", name=f"Person {number:05d}", password="!")

    return make

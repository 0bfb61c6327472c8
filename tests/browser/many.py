"""Ten thousand rows of what lists show, put into the test's database past the kernel."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from audit import guard
from audit.approvals.models import Approval
from audit.jobs.models import Job
from audit.models import LogEntry
from audit.outbox.models import Message
from config.access.models import User
from payments.gateways.models import InboundEvent
from payments.models import Attempt, Payment, Refund, reference_of
from payments.webhooks.models import Delivery, Event
from tests.pages.conftest import House

MANY = 10_000
BATCH = 500
NOW = datetime.now(UTC)
STATES = list(Payment.Status)

Maker = Callable[[int], Model | None]


def fill(house: House, person: User, worker: User) -> None:
    """So many of everything that the house holds one of; requests and looks of this person, jobs
    of the worker's, and people."""
    makers: list[Maker] = [
        _payment(house.payment),
        _held(),
        _unknown(),
        _request(person),
        _entry(house.payment, person),
        _person(),
        _job(worker),
        _message(),
        *_told_by_providers(house),
        *_told_to_shops(house),
    ]
    with guard.suspended():
        for make in makers:
            rows = [row for number in range(MANY) if (row := make(number)) is not None]
            type(rows[0])._default_manager.bulk_create(rows, batch_size=BATCH)


def _named(what: str, number: int) -> uuid.UUID:
    """The key of a row that others point at."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{what} {number}")


def _ago(number: int) -> datetime:
    return NOW - timedelta(minutes=number)


def _like(one: Model, **differs: Callable[[int], Any]) -> Maker:
    """Rows like this one but for what differs, each with a key of its own."""
    same = {field.attname: getattr(one, field.attname) for field in one._meta.concrete_fields}
    own: dict[str, Callable[[int], Any]] = {one._meta.pk.attname: lambda _number: uuid.uuid4()}
    if "key" in same:
        own["key"] = lambda number: f"many-{number}"

    def make(number: int) -> Model:
        return type(one)(**same | {name: say(number) for name, say in (own | differs).items()})

    return make


def _payment(like: Payment) -> Maker:
    def status(number: int) -> str:
        return STATES[number % len(STATES)]

    def held(number: int) -> int:
        return 0 if status(number) in ("failed", "processing", "unknown") else 1_000 + number

    return _like(
        like,
        id=lambda number: _named("payment", number),
        reference=lambda number: reference_of("P", _named("payment", number)),
        order_reference=lambda number: f"ORD-{number}",
        amount_minor=lambda number: 1_000 + number,
        status=status,
        created_at=lambda number: NOW - timedelta(minutes=5 * number),
        authorized_minor=held,
        captured_minor=lambda number: 0 if status(number) == "authorized" else held(number),
        refund_pending_minor=lambda number: 0,
    )


def _held() -> Maker:
    """Authorizations that end one after the other."""
    make = _like(
        Attempt.objects.get(payment__order_reference="HELD-1"),
        payment_id=lambda number: _named("payment", number),
        expires_at=lambda number: NOW + timedelta(minutes=30 + number),
    )
    return lambda number: make(number) if STATES[number % len(STATES)] == "authorized" else None


def _unknown() -> Maker:
    return _like(
        Refund.objects.get(payment__order_reference="LOST"),
        payment_id=lambda number: _named("payment", number),
        reference=lambda number: f"R-LOST{number:08d}",
        created_at=_ago,
    )


def _told_by_providers(house: House) -> list[Maker]:
    states = list(InboundEvent.Status)
    event = InboundEvent.objects.get(pk=house.event_id)
    return [
        _like(
            event,
            event_id=lambda number: f"evt-many-{number}",
            status=lambda number: states[number % len(states)],
            received_at=_ago,
        )
    ]


def _told_to_shops(house: House) -> list[Maker]:
    """Endpoints, events and their deliveries, and keys."""
    states = list(Delivery.Status)
    return [
        _like(house.api_key, reference=lambda n: f"K-{n:08d}", digest=lambda n: f"many {n}"),
        _like(
            house.delivery.endpoint,
            reference=lambda number: f"W-{number:08d}",
            url=lambda number: f"https://shop{number}.example/hooks",
        ),
        _like(
            Event.objects.get(pk=house.delivery.event_id),
            id=lambda number: _named("event", number),
            object_id=lambda number: _named("object", number),
            created_at=_ago,
        ),
        _like(
            house.delivery,
            event_id=lambda number: _named("event", number),
            status=lambda number: states[number % len(states)],
            created_at=_ago,
        ),
    ]


def _request(by: User) -> Maker:
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


def _entry(about: Payment, by: User) -> Maker:
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


def _job(by: User) -> Maker:
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


def _message() -> Maker:
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


def _person() -> Maker:
    def make(number: int) -> User:
        return User(email=f"person{number}@many.test", name=f"Person {number:05d}", password="!")

    return make

"""What people are, did and asked for."""

from __future__ import annotations

import uuid

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from audit.jobs.models import Job
from audit.lists.models import SavedView
from audit.models import LogEntry, Look
from audit.outbox.models import Message
from config.access.models import User
from payments.models import Payment
from tests.browser.many.rows import MANY, Maker, ago, like, named


def looks(about: Payment, by: User) -> list[Maker]:
    """Looks at a payment, each of which showed its customer."""
    kind = ContentType.objects.get_for_model(Payment)

    def entry(number: int) -> LogEntry:
        return LogEntry(
            id=named("look", number),
            event="access.payments.detail",
            action=LogEntry.Action.ACCESS,
            content_type=kind,
            object_pk=str(about.pk),
            object_repr=about.reference,
            actor=by,
            actor_kind="user",
            actor_label=by.reference,
            actor_roles=["support_lead"],
            effective_at=ago(number),
            timestamp=ago(number),
        )

    def look(number: int) -> Look:
        return Look(
            subject_id=about.customer_id or about.pk,
            entry_id=named("look", number),
            seen_at=ago(number),
        )

    return [entry, look]


def changes(one: LogEntry) -> Maker:
    """The same change again and again, each of a command of its own."""
    return like(
        one,
        command_id=lambda _number: uuid.uuid4(),
        effective_at=ago,
        timestamp=ago,
    )


def changes_of(row: Model, by: User) -> Maker:
    """What was changed of a row of the administration."""
    kind = ContentType.objects.get_for_model(row)

    def make(number: int) -> LogEntry:
        return LogEntry(
            event="access.user.changed",
            action=LogEntry.Action.UPDATE,
            content_type=kind,
            object_pk=str(row.pk),
            object_repr=str(row),
            changes={"name": [f"Name {number}", f"Name {number + 1}"]},
            actor=by,
            actor_kind="user",
            actor_label=by.reference,
            effective_at=ago(number),
            timestamp=ago(number),
        )

    return make


def jobs(by: User) -> Maker:
    """Exports in all states."""
    states = list(Job.Status)

    def make(number: int) -> Job:
        return Job(
            key=f"many-{number}",
            fingerprint="",
            kind="payments.export",
            status=states[number % len(states)],
            asked_by=by,
            asked_at=ago(number),
            request_id="many",
            given={"query": "", "columns": [], "format": "csv"},
            is_live=number % 3 == 0,
            done=number,
            total=MANY,
        )

    return make


def messages() -> Maker:
    """Messages of one request that were given up."""

    def make(number: int) -> Message:
        return Message(
            task="payments.send_refund",
            kwargs={},
            status=Message.Status.DEAD,
            attempts=12,
            next_at=ago(number),
            made_at=ago(number),
            command_id=uuid.uuid4(),
            request_id="many",
            error="TryAgain",
        )

    return make


def people() -> Maker:
    """People without a role."""

    def make(number: int) -> User:
        return User(email=f"person{number}@many.test", name=f"Person {number:05d}", password="!")

    return make


def views(one: SavedView, owner: User) -> Maker:
    """Saved views of one person."""
    return like(
        one,
        owner_id=lambda _number: owner.pk,
        name=lambda number: f"Captured, week {number}",
        made_at=ago,
    )

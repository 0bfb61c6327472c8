"""Taking messages, and settling them."""

from __future__ import annotations

import uuid
from datetime import timedelta

from audit.command import command
from audit.outbox.models import Message
from audit.outbox.queries import due_messages
from audit.work import Work

LEASE = timedelta(seconds=90)
MOST_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=1)


@command("outbox.messages.leased")
def lease_messages(work: Work, *, limit: int) -> list[Message]:
    """Take up to `limit` messages that are due, or whose worker died. One SELECT, one UPDATE."""
    lease = uuid.uuid4()
    messages = work.load(due_messages(work.now, limit))
    for message in messages:
        work.change(
            message,
            status=Message.Status.LEASED,
            lease=lease,
            leased_until=work.now + LEASE,
            attempts=message.attempts + 1,
        )
    return messages


@command("outbox.messages.settled")
def settle_messages(work: Work, *, leases: dict[uuid.UUID, uuid.UUID]) -> int:
    """Mark messages done, `{message id: lease}`; one whose lease was lost is left alone."""
    settled = 0
    for message in work.load(Message.objects.filter(pk__in=leases).order_by("pk")):
        if message.lease != leases[message.pk] or message.status != Message.Status.LEASED:
            continue
        work.change(
            message, status=Message.Status.DONE, settled_at=work.now, leased_until=None, error=""
        )
        settled += 1
    return settled


@command("outbox.message.postponed")
def postpone_message(work: Work, *, message_id: uuid.UUID, lease: uuid.UUID, error: str) -> None:
    """Put a message back to wait, longer each time; dead after the last attempt."""
    message = work.load_one(Message.objects.filter(pk=message_id))
    if message.lease != lease or message.status != Message.Status.LEASED:
        return
    dead = message.attempts >= MOST_ATTEMPTS
    wait = min(timedelta(seconds=2**message.attempts), LONGEST_WAIT)
    work.change(
        message,
        status=Message.Status.DEAD if dead else Message.Status.WAITING,
        next_at=work.now + wait,
        leased_until=None,
        settled_at=work.now if dead else None,
        error=error[:200],
    )
    if dead:
        work.record("outbox.message.died", obj=message, data={"task": message.task})


@command("outbox.messages.tidied")
def tidy_messages(work: Work, *, limit: int = 1000) -> int:
    """Remove messages done more than 30 days ago; dead ones stay until a person looks."""
    old = Message.objects.filter(
        status=Message.Status.DONE, next_at__lt=work.now - timedelta(days=30)
    ).order_by("next_at", "pk")[:limit]
    messages = work.load(old)
    for message in messages:
        work.remove(message)
    return len(messages)

"""Taking messages, and settling them."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from audit.command import command
from audit.errors import Kind, Refusal
from audit.outbox.models import Message
from audit.outbox.queries import due_messages
from audit.texts import clean_text
from audit.work import Work

RETRY = "outbox.retry_message"
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
def postpone_message(work: Work, *, message_id: uuid.UUID, lease: uuid.UUID, error: str) -> bool:
    """Put a message back to wait, longer each time; dead (and true) after the last attempt."""
    message = work.load_one(Message.objects.filter(pk=message_id))
    if message.lease != lease or message.status != Message.Status.LEASED:
        return False
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
    return dead


@command("outbox.message.revived")
def revive_message(work: Work, *, message_id: uuid.UUID, reason: str) -> Message:
    """Have a dead message run again, with all its attempts before it. `reason` goes on record.

    One that is not dead (any more) is a conflict. What it runs is repeatable, so nothing is
    doubled. One SELECT, two statements to write.
    """
    if not work.actor.may(RETRY):
        raise Refusal("not_allowed", _("Your role does not do this."), Kind.FORBIDDEN)
    words = clean_text(reason, field="reason", most=200, required=True)
    message = work.load_one(
        Message.objects.filter(pk=message_id),
        Refusal("message_missing", _("There is no such message."), Kind.MISSING),
    )
    if message.status != Message.Status.DEAD:
        raise Refusal("message_not_dead", _("It is not dead any more: look again."), Kind.CONFLICT)
    work.change(
        message,
        status=Message.Status.WAITING,
        attempts=0,
        next_at=work.now,
        settled_at=None,
        lease=None,
    )
    work.record(
        "outbox.message.revived",
        obj=message,
        data={"task": message.task, "reason": words, "error": message.error},
    )
    return message


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

"""The trail of a request: what it did, what that led to, and what went wrong first.

A command hands its request on: to the messages it leaves, to the workers that run them, to the
calls they make. So one number finds it all, and what the provider told by itself comes beside it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.errors import Kind, Refusal
from audit.models import LogEntry, Outcome
from audit.outbox.models import Message
from audit.reading import object_kind, object_name, object_url, sentence_of
from payments.gateways.models import InboundEvent, ProviderCall
from payments.models import Attempt, Payment

MOST = 300
MOST_EVENTS = 50
TROUBLE = ("lost", "conflicted", "failed", "declined", "died", "quarantined")
"""How the last word of an event ends that tells of something that did not go as it should."""
CALL_TONES = {
    ProviderCall.Outcome.ANSWERED: "green",
    ProviderCall.Outcome.REJECTED: "red",
    ProviderCall.Outcome.UNAVAILABLE: "orange",
}
MESSAGE_TONES = {
    Message.Status.WAITING: "azure",
    Message.Status.LEASED: "azure",
    Message.Status.DONE: "green",
    Message.Status.DEAD: "red",
}
KINDS: dict[str, Any] = {
    "command": _("Command"),
    "entry": _("Entry"),
    "call": _("Call to the provider"),
    "message": _("Task"),
    "event": _("Provider event"),
}
ICONS = {
    "command": "square-terminal",
    "entry": "scroll-text",
    "call": "arrow-right-left",
    "message": "inbox",
    "event": "webhook",
}


@dataclass(frozen=True, slots=True)
class About:
    """An object that a step changed or spoke of."""

    words: str
    kind: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `tone` is the colour of its `outcome`; `facts` are codes."""

    at: datetime
    kind: str
    title: str
    outcome: str
    tone: str
    is_trouble: bool
    facts: list[str] = field(default_factory=list)
    about: list[About] = field(default_factory=list)
    url: str | None = None
    trail_url: str | None = None

    @property
    def kind_label(self) -> Any:
        return KINDS[self.kind]

    @property
    def icon(self) -> str:
        return ICONS[self.kind]


@dataclass(frozen=True, slots=True)
class Trail:
    """Everything of one request, oldest first, and the provider's events about its payments."""

    request_id: str
    steps: list[Step]
    events: list[Step]
    entries: list[LogEntry]
    is_cut: bool = False
    """It did more of some kind than is told."""

    @property
    def first_trouble(self) -> Step | None:
        """Where to begin to look."""
        return next((step for step in self.steps if step.is_trouble), None)

    @property
    def who(self) -> str:
        """Who began it."""
        if not self.entries:
            return ""
        first = self.entries[0]
        return first.actor.get_full_name() if first.actor else first.actor_label


def get_trail(request_id: str, actor: Actor) -> Trail:
    """The trail of a request as `actor` may follow it. Six SELECTs. Raises a Refusal (missing)."""
    entries = list(
        LogEntry.objects.filter(cid=request_id)
        .select_related("actor", "content_type")
        .order_by("timestamp", "pk")[:MOST]
    )
    calls = list(_of_request(ProviderCall, request_id, "started_at"))
    messages = list(_of_request(Message, request_id, "made_at"))
    own = list(_of_request(InboundEvent, request_id, "received_at"))
    if not (entries or calls or messages or own):
        raise Refusal("trail.nothing", _("Nothing is on record under this number."), Kind.MISSING)
    steps = [
        *_commands(entries, actor),
        *map(_call, calls),
        *map(_message, messages),
        *(_event(one, is_own=True) for one in own),
    ]
    told = _told_about(_payments_of(entries, calls))
    known = {one.pk for one in own}
    return Trail(
        request_id=request_id,
        steps=sorted(steps, key=lambda step: step.at),
        events=[_event(one, is_own=False) for one in told if one.pk not in known],
        entries=entries,
        is_cut=any(len(rows) == MOST for rows in (entries, calls, messages, own)),
    )


def _of_request(model: Any, request_id: str, moment: str) -> Any:
    return model.objects.filter(request_id=request_id).order_by(moment, "pk")[:MOST]


def _commands(entries: Iterable[LogEntry], actor: Actor) -> Iterator[Step]:
    """One step for each command with its entries; an entry of its own for what was none."""
    groups: dict[Any, list[LogEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.command_id or entry.pk, []).append(entry)
    for group in groups.values():
        # What moved the payment is what the command was about; the other rows came with it.
        told = min(group, key=lambda one: (not _is_about_payment(one), one.event))
        bad = next((one for one in group if _is_trouble(one)), None)
        yield Step(
            at=min(one.effective_at for one in group),
            kind="command" if told.command_id else "entry",
            title=sentence_of((bad or told).event),
            outcome=str(Outcome((bad or told).outcome).label),
            tone=_tone((bad or told).outcome),
            is_trouble=bad is not None,
            facts=sorted({one.event for one in group}),
            about=list(_objects(group, actor)),
            url=reverse("log:entry", args=[(bad or told).pk]),
        )


def _is_about_payment(entry: LogEntry) -> bool:
    return bool(entry.content_type and entry.content_type.model == "payment")


def _is_trouble(entry: LogEntry) -> bool:
    return entry.outcome != Outcome.DONE or entry.event.endswith(TROUBLE)


def _tone(outcome: str) -> str:
    return {Outcome.DONE: "green", Outcome.UNKNOWN: "orange"}.get(Outcome(outcome), "red")


def _objects(group: Iterable[LogEntry], actor: Actor) -> Iterator[About]:
    seen = set()
    for entry in group:
        if entry.object_pk and entry.object_pk not in seen:
            seen.add(entry.object_pk)
            yield About(object_name(entry), object_kind(entry), object_url(entry, actor))


def _call(call: ProviderCall) -> Step:
    outcome = ProviderCall.Outcome(call.outcome)
    return Step(
        at=call.started_at,
        kind="call",
        title=f"{call.connector} {call.operation}",
        outcome=str(outcome.label),
        tone=CALL_TONES.get(outcome, "orange"),
        is_trouble=outcome is not ProviderCall.Outcome.ANSWERED,
        facts=[one for one in (call.detail, f"{call.duration_ms} ms", call.key) if one],
    )


def _message(message: Message) -> Step:
    status = Message.Status(message.status)
    times = str(_("%(times)s times") % {"times": message.attempts})
    return Step(
        at=message.made_at,
        kind="message",
        title=message.task,
        outcome=str(status.label),
        tone=MESSAGE_TONES[status],
        is_trouble=status is Message.Status.DEAD or bool(message.error),
        facts=[one for one in (message.error, times if message.attempts > 1 else "") if one],
    )


def _event(event: InboundEvent, *, is_own: bool) -> Step:
    status = InboundEvent.Status(event.status)
    trail = reverse("desk:trail", args=[event.request_id]) if event.request_id else None
    return Step(
        at=event.received_at,
        kind="event",
        title=event.type or str(_("unreadable")),
        outcome=str(status.label),
        tone="orange" if status is InboundEvent.Status.QUARANTINED else "green",
        is_trouble=status is InboundEvent.Status.QUARANTINED,
        facts=[one for one in (event.note, event.event_id) if one],
        url=reverse("gateways:event", args=[event.pk]),
        trail_url=None if is_own else trail,
    )


def _payments_of(entries: Iterable[LogEntry], calls: Iterable[ProviderCall]) -> set[uuid.UUID]:
    kind = ContentType.objects.get_for_model(Payment).pk
    found = {uuid.UUID(one.object_pk) for one in entries if one.content_type_id == kind}
    return found | {call.payment_id for call in calls if call.payment_id}


def _told_about(payments: set[uuid.UUID]) -> list[InboundEvent]:
    """What providers told of these payments. Two SELECTs, none without payments."""
    if not payments:
        return []
    rows = Attempt.objects.filter(payment_id__in=payments).exclude(provider_reference="")
    references = list(
        rows.values_list("provider_reference", flat=True).order_by("pk")[:MOST_EVENTS]
    )
    if not references:
        return []
    events = InboundEvent.objects.filter(authorization_reference__in=references)
    return list(events.order_by("received_at", "pk")[:MOST_EVENTS])

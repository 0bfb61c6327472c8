"""What happened to a payment, in plain words, from the log of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q
from django.utils.translation import gettext_lazy as _

from audit.actor import ActorKind
from audit.approvals.models import Approval
from audit.models import LogEntry, Outcome
from audit.reading import sentence_of
from payments.gateways.declines import explain
from payments.ledger.money import Money
from payments.models import Attempt, Capture, Payment, Refund
from payments.queries.payments import Story

MOST = 300
IN, OUT = "in", "out"
DIRECTIONS = {
    "payments.capture.succeeded": IN,
    "payments.refund.succeeded": OUT,
    "payments.refund.returned": IN,
}
SILENT = {
    "approvals.approval.requested",
    "approvals.approval.approved",
    "approvals.approval.rejected",
    "approvals.approval.withdrawn",
    "approvals.approval.expired",
}
"""Told already by the refund that was asked for or decided in the same command."""
STATUSES = {
    "payments.capture.succeeded": "captured",
    "payments.refund.succeeded": "refunded",
    "payments.refund.requested": "sent",
    "lost": "unknown",
    "action_required": "requires_action",
    "lapsed": "",
    "withdrawn": "",
}
OUTCOMES = {
    Outcome.DENIED: _("Refused: %(what)s"),
    Outcome.FAILED: _("Did not work: %(what)s"),
    Outcome.UNKNOWN: _("Outcome unknown: %(what)s"),
}
WHO: dict[str, Any] = {
    ActorKind.SYSTEM: _("Comptoir, by itself"),
    ActorKind.OPERATOR: _("the operator"),
    ActorKind.INSTALLER: _("the installation"),
    ActorKind.VISITOR: _("a visitor"),
}
ORDER = ("payment", "attempt", "void", "capture", "refund", "approval")


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline, as `partials/timeline_entry.html` draws it."""

    title: str
    at: datetime
    actor: Any
    status: str
    amount: Money | None
    direction: str
    detail: Any


def list_moments(story: Story, approvals: Sequence[Approval]) -> list[Moment]:
    """Everything that happened to a payment, newest first; looks at it are not in it.

    One SELECT. A command that changed several rows is told once; a provider asked again and again
    without an answer is told as that.
    """
    rows: list[Model] = [
        story.payment,
        *story.attempts,
        *story.captures,
        *story.refunds,
        *approvals,
    ]
    known = {str(row.pk): row for row in rows}
    moments: list[Moment] = []
    told: set[tuple[str, str]] = set()
    for entry in _folded(_entries_about(rows)):
        again = (entry.event, entry.object_pk) in told and entry.event.endswith(".lost")
        told.add((entry.event, entry.object_pk))
        moments.append(_moment(entry, known.get(entry.object_pk), again=again))
    moments.reverse()
    return moments


def _entries_about(rows: Iterable[Model]) -> list[LogEntry]:
    keys: dict[type[Model], list[str]] = {}
    for row in rows:
        keys.setdefault(type(row), []).append(str(row.pk))
    kinds = ContentType.objects.get_for_models(*keys)
    about = Q(pk__in=[])
    for model, pks in keys.items():
        about |= Q(content_type=kinds[model], object_pk__in=pks)
    entries = (
        LogEntry.objects.filter(about)
        .exclude(action=LogEntry.Action.ACCESS)
        .select_related("actor")
        .order_by("-timestamp", "-pk")[:MOST]
    )
    return sorted(entries, key=_when)


def _when(entry: LogEntry) -> tuple[datetime, datetime, int]:
    noun = entry.event.split(".")[1] if entry.event.count(".") > 1 else ""
    rank = ORDER.index(noun) if noun in ORDER else len(ORDER)
    return entry.effective_at, entry.timestamp, rank


def _folded(entries: Iterable[LogEntry]) -> list[LogEntry]:
    """One entry for each event of a command: that of the row, not of the payment above it."""
    kept: dict[tuple[Any, str, str], LogEntry] = {}
    for entry in entries:
        done = entry.outcome == Outcome.DONE
        if done and entry.event in SILENT:
            continue
        slot = (entry.command_id or entry.pk, entry.event, entry.outcome)
        first = kept.get(slot)
        if first is None or first.content_type_id == _kind_of(Payment):
            kept[slot] = entry
    return list(kept.values())


def _kind_of(model: type[Model]) -> int:
    return ContentType.objects.get_for_model(model).pk


def _moment(entry: LogEntry, row: Model | None, *, again: bool) -> Moment:
    is_done = entry.outcome == Outcome.DONE
    return Moment(
        title=_title(entry, again=again),
        at=entry.effective_at,
        actor=_who(entry),
        status=_status(entry) if is_done else "rejected",
        amount=_amount(row) if is_done else None,
        direction=DIRECTIONS.get(entry.event, "") if is_done else "",
        detail=_detail(entry.event, row) if is_done else "",
    )


def _title(entry: LogEntry, *, again: bool) -> str:
    if again:
        return str(_("Asked the provider again: still no answer"))
    sentence = sentence_of(entry.event)
    frame = OUTCOMES.get(Outcome(entry.outcome))
    return str(frame % {"what": sentence[:1].lower() + sentence[1:]}) if frame else sentence


def _who(entry: LogEntry) -> Any:
    if entry.actor is not None:
        return entry.actor.get_full_name()
    return WHO.get(entry.actor_kind, entry.actor_label)


def _status(entry: LogEntry) -> str:
    last = entry.event.rpartition(".")[2]
    return STATUSES.get(entry.event, STATUSES.get(last, last))


def _amount(row: Model | None) -> Money | None:
    if isinstance(row, Payment | Capture | Refund):
        return row.amount
    if isinstance(row, Attempt):
        return Money(row.amount_minor, row.currency)
    return None


def _detail(event: str, row: Model | None) -> Any:
    if isinstance(row, Attempt) and event == "payments.attempt.declined":
        return explain(row.decline_code).for_agent
    if isinstance(row, Refund):
        return f"{row.reference} · {row.reason.words}"
    return ""

"""What happened to a payment, in plain words, from the log of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from audit.actor import ActorKind
from audit.approvals.models import Approval
from audit.models import LogEntry, Outcome
from audit.notes.models import Note
from audit.notes.queries import Board
from audit.reading import sentence_of
from payments.gateways.declines import explain
from payments.ledger.money import Money
from payments.models import Attempt, Correction, LateAuthorization, Payment, Refund
from payments.policy import UNREACHED
from payments.queries.payments import Story

MOST = 300
"""So many entries of the log a story is told from, the newest."""
SHOWN = 40
"""So many moments stand open; what was earlier is unfolded."""
IN, OUT = "in", "out"
DIRECTIONS: dict[str, str] = {
    "payments.capture.succeeded": IN,
    "payments.refund.succeeded": OUT,
    "payments.refund.returned": IN,
    "payments.capture.voided": OUT,
    "payments.late.taken": IN,
    "payments.late.returned": OUT,
}
SILENT = {
    "approvals.approval.requested",
    "approvals.approval.approved",
    "approvals.approval.rejected",
    "approvals.approval.withdrawn",
    "approvals.approval.expired",
    "payments.attempt.raised",
    "approvals.outcome.noticed",
    "payments.payment.corrected",
    "payments.attempt.corrected",
    "payments.capture.corrected",
    "payments.refund.corrected",
    "payments.attempt.adopted",
    "payments.capture.adopted",
}
"""Told already by what was asked for or decided in the same command."""
STATUSES: dict[str, str] = {
    "payments.capture.succeeded": "captured",
    "payments.refund.succeeded": "refunded",
    "payments.refund.requested": "sent",
    "payments.intent.created": "",
    "payments.intent.confirmed": "",
    "lost": "unknown",
    "void_lost": "unknown",
    "void_requested": "voiding",
    "closing": "",
    "closed": "voided",
    "reopened": "authorized",
    "action_required": "requires_action",
    "payments.late.found": "unknown",
    "payments.late.released": "voided",
    "payments.late.release_requested": "voiding",
    "payments.late.release_refused": "conflicted",
    "payments.late.release_lost": "unknown",
    "payments.late.taken": "conflicted",
    "payments.late.return_requested": "sent",
    "payments.late.return_refused": "failed",
    "payments.late.return_lost": "unknown",
    "payments.late.returned": "refunded",
    "payments.late.adopted": "captured",
    "payments.late.booked_off": "done",
    "payments.late.reclaimed": "conflicted",
    "payments.late.decided": "done",
    "payments.late.due": "sent",
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
ORDER = ("payment", "attempt", "increment", "void", "capture", "refund", "late", "approval")


@dataclass(frozen=True, slots=True)
class Told:
    """A row whose entries in the log belong into the story, and what is said beside them."""

    row: Model
    amount: Money | None = None
    detail: Callable[[str], Any] = lambda _event: ""
    """By event."""


Source = Callable[[Story], Iterable[Told]]
sources: list[Source] = []
"""What higher apps tell of a payment. See `add_source`."""


def add_source(
    source: Source,
    *,
    directions: Mapping[str, str] | None = None,
    statuses: Mapping[str, str] | None = None,
) -> None:
    """Have the rows that `source` names told in the story of every payment.

    `directions` says of an event whether money comes in or goes out, `statuses` in which colour it
    is drawn. The source's own queries count towards the page.
    """
    sources.append(source)
    DIRECTIONS.update(directions or {})
    STATUSES.update(statuses or {})


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
    request_id: str = ""


def list_told(
    story: Story, approvals: Iterable[Approval] = (), board: Board | None = None
) -> list[Told]:
    """The rows that the story of a payment is told from. The SELECTs of the sources, if any."""
    return [
        *_own(story),
        *(Told(approval) for approval in approvals),
        *(_tell_board(board) if board else ()),
        *(one for source in sources for one in source(story)),
        *_tell_corrections(story),
    ]


def list_moments(told: Sequence[Told], entries: Iterable[LogEntry]) -> list[Moment]:
    """Everything that happened to a payment, newest first, of the entries that `select_entries`
    finds; looks at it are not in it. No queries.

    A command that changed several rows is told once; a provider asked again and again without an
    answer is told as that.
    """
    known = {str(one.row.pk): one for one in told}
    moments: list[Moment] = []
    before: set[tuple[str, str]] = set()
    for entry in _folded(sorted(entries, key=_when)):
        again = (entry.event, entry.object_pk) in before and entry.event.endswith("lost")
        before.add((entry.event, entry.object_pk))
        moments.append(_moment(entry, known.get(entry.object_pk), again=again))
    moments.reverse()
    return moments


def _own(story: Story) -> Iterator[Told]:
    payment = story.payment
    yield Told(payment, payment.amount)
    for attempt in story.attempts:
        yield Told(attempt, payment.money(attempt.amount_minor), partial(_of_attempt, attempt))
    for increment in story.increments:
        yield Told(increment, increment.amount)
    for capture in story.captures:
        yield Told(capture, capture.amount)
    for refund in story.refunds:
        yield Told(refund, refund.amount, partial(_of_refund, refund))
    for late in story.late:
        yield Told(late, late.amount, partial(_of_late, late))


def _tell_corrections(story: Story) -> list[Told]:
    return [Told(row, row.amount, partial(_of_correction, row)) for row in story.corrections]


def _of_correction(correction: Correction, _event: str) -> Any:
    what = capfirst(str(correction.get_kind_display()))
    change = f"{what}: {correction.before} → {correction.after}"
    return f"{correction.reference} · {change} · {correction.reason.words} · {correction.evidence}"


def _of_attempt(attempt: Attempt, event: str) -> Any:
    if event == "payments.attempt.declined":
        return explain(attempt.decline_code).for_agent
    if event == "payments.attempt.rerouted" and attempt.raw_decline_code == UNREACHED:
        return _("The provider was not reached, so the next one was asked.")
    return ""


def _of_late(late: LateAuthorization, event: str) -> Any:
    if event == "payments.late.found":
        return _("The provider holds or has taken money for an attempt that had failed.")
    return late.failure_code if event.endswith("refused") else ""


def _of_refund(refund: Refund, event: str) -> Any:
    comment = refund.comment if event == "payments.refund.requested" else ""
    return " · ".join(part for part in (refund.reference, refund.reason.words, comment) if part)


def _tell_board(board: Board) -> Iterator[Told]:
    texts = board.texts
    for row in board.rows:
        if isinstance(row, Note):
            text = texts.get(row.pk, "")
            words = _("erased with the person's data") if text is None else text
            yield Told(row, detail=partial(_of_note, words))
        else:
            yield Told(row, detail=partial(_of_note, row.tag.words))


def _of_note(words: Any, _event: str) -> Any:
    return words


def select_entries(told: Iterable[Told]) -> QuerySet[LogEntry]:
    """The newest entries of the log about these rows, with who did it. One SELECT."""
    keys: dict[type[Model], list[str]] = {}
    for one in told:
        keys.setdefault(type(one.row), []).append(str(one.row.pk))
    kinds = ContentType.objects.get_for_models(*keys)
    about = Q(pk__in=[])
    for model, pks in keys.items():
        about |= Q(content_type=kinds[model], object_pk__in=pks)
    entries: QuerySet[LogEntry] = LogEntry.objects.filter(about).select_related("actor")
    changes = entries.exclude(action=LogEntry.Action.ACCESS)
    return changes.order_by("-timestamp", "-pk")[:MOST]


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


def _moment(entry: LogEntry, told: Told | None, *, again: bool) -> Moment:
    is_done = entry.outcome == Outcome.DONE
    known = told if is_done else None
    return Moment(
        title=_title(entry, again=again),
        at=entry.effective_at,
        actor=_who(entry),
        status=_status(entry) if is_done else "rejected",
        amount=known.amount if known else None,
        direction=DIRECTIONS.get(entry.event, "") if is_done else "",
        detail=known.detail(entry.event) if known else "",
        request_id=entry.cid,
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

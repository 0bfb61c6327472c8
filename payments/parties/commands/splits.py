"""Taking a merge back: one person asks, another decides, and both customers are as they were."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from audit.approvals import steps as approvals
from audit.approvals.models import Kind as ApprovalKind
from audit.command import command
from audit.errors import Kind, Refusal
from audit.texts import clean_text
from audit.work import Work
from payments.parties import errors, policy
from payments.parties.models import Customer, Merge, Split
from payments.parties.queries import find_open_splits


@command("parties.split.requested")
def request_split(work: Work, *, merge_id: uuid.UUID, reason: str, key: str) -> Split:
    """Ask a colleague to take a merge back: the duplicate is a customer of its own again.

    Nothing moves until he says yes. `reason` is for him. A repeat with the same key answers the
    first request. Three SELECTs.
    """
    if (done := work.replay(Split)) is not None:
        return done
    merge = work.load_one(
        Merge.objects.filter(pk=merge_id), errors.no_such_merge(), also=("duplicate", "survivor")
    )
    words = clean_text(reason, field="reason", most=200, required=True)
    _check(merge, has_request=bool(find_open_splits([merge.duplicate_id])))
    split = Split(key=key, fingerprint=work.fingerprint, merge=merge, created_at=work.now)
    work.add(split)
    approvals.request_approval(
        work,
        kind=ApprovalKind.SPLIT,
        subject_id=split.pk,
        subject_reference=str(merge),
        is_live=merge.survivor.is_live,
        reason=words,
    )
    return split


@command("parties.split.approved")
def approve_split(work: Work, *, subject_id: uuid.UUID, key: str, note: str = "") -> Split:
    """A second person says yes: the duplicate points at nobody any more.

    What pointed at it before the merge points at it again. What either has stays where it was
    booked. Never by the person who asked; everything is checked again. Five SELECTs.
    """
    split, merge = _load(work, subject_id)
    approvals.decide(
        work, approvals.load_approval(work, subject_id), approve=True, note=_tidy(note)
    )
    _check(merge, has_request=False)
    duplicate = work.load_one(Customer.objects.filter(pk=merge.duplicate_id))
    others = work.load(
        Customer.objects.filter(merged_into_id=duplicate.merged_into_id)
        .exclude(pk=duplicate.pk)
        .order_by("pk")
    )
    mine = _came_through(duplicate, others)
    event = "parties.customer.separated"
    work.change(duplicate, event=event, merged_into=None, merged_at=None)
    for customer in mine:
        work.change(customer, event=event, merged_into=duplicate)
    work.change(merge, event="parties.merge.taken_back", status=Merge.Status.TAKEN_BACK)
    work.change(split, status=Split.Status.DONE, settled_at=work.now)
    return split


@command("parties.split.rejected")
def reject_split(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Split:
    """A second person says no: the merge stays; it may be asked for again."""
    split, _merge = _load(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    approvals.decide(work, approval, approve=False, note=_tidy(note))
    work.change(split, status=Split.Status.REJECTED, settled_at=work.now)
    return split


@command("parties.split.withdrawn")
def withdraw_split(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Split:
    """The person who asked takes the request back before anybody decided."""
    split, _merge = _load(work, subject_id)
    approvals.withdraw(work, approvals.load_approval(work, subject_id), note=_tidy(note))
    work.change(split, status=Split.Status.WITHDRAWN, settled_at=work.now)
    return split


@command("parties.split.lapsed")
def lapse_split(work: Work, *, subject_id: uuid.UUID) -> Split:
    """Nobody decided in time."""
    split, _merge = _load(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    if approval.expires_at > work.now:
        return split
    approvals.expire(work, approval)
    work.change(split, status=Split.Status.LAPSED, settled_at=work.now)
    return split


def _load(work: Work, split_id: uuid.UUID) -> tuple[Split, Merge]:
    split = work.load_one(
        Split.objects.filter(pk=split_id), errors.no_such_split(), also=("merge",)
    )
    return split, split.merge


def _check(merge: Merge, *, has_request: bool) -> None:
    decision = policy.split_decision(merge, has_request=has_request)
    if not decision:
        raise Refusal("split_refused", decision.reason, Kind.CONFLICT, about=merge)


def _came_through(duplicate: Customer, others: Sequence[Customer]) -> list[Customer]:
    """Those of the survivor's duplicates that were the duplicate's before. One SELECT."""
    by_id = {one.pk: one for one in others}
    merges = Merge.objects.filter(duplicate_id__in=by_id, status=Merge.Status.MERGED)
    into = dict(merges.order_by("pk").values_list("duplicate_id", "survivor_id"))
    return [one for one in others if duplicate.pk in _chain(one.pk, into)]


def _chain(start: uuid.UUID, into: dict[uuid.UUID, uuid.UUID]) -> Iterable[uuid.UUID]:
    """Into whom a customer was merged, and into whom that one was, step by step."""
    seen = {start}
    at = into.get(start)
    while at is not None and at not in seen:
        seen.add(at)
        yield at
        at = into.get(at)


def _tidy(note: str) -> str:
    return clean_text(note, field="note", most=500, lines=True)

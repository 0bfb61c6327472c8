"""Merging duplicates: one person asks, another decides."""

from __future__ import annotations

import uuid

from audit.approvals import steps as approvals
from audit.approvals.models import Kind as ApprovalKind
from audit.command import command
from audit.data_keys import find_data_keys
from audit.errors import Kind, Refusal
from audit.texts import clean_text
from audit.work import Work
from payments.parties import errors, policy
from payments.parties.models import Customer, Merge
from payments.parties.queries import find_open_merges


@command("parties.merge.requested")
def request_merge(
    work: Work, *, duplicate_id: uuid.UUID, survivor_id: uuid.UUID, reason: str, key: str
) -> Merge:
    """Ask a colleague to make a customer a duplicate of another of the same merchant.

    Nothing moves until he says yes. `reason` is for him. A repeat with the same key answers the
    first request. Five SELECTs.
    """
    if (done := work.replay(Merge)) is not None:
        return done
    duplicate, survivor = _load_pair(work, duplicate_id, survivor_id)
    words = clean_text(reason, field="reason", most=200, required=True)
    has_request = bool(find_open_merges([duplicate.pk, survivor.pk]))
    _check_merge(work, duplicate, survivor, has_request=has_request)
    merge = Merge(
        key=key,
        fingerprint=work.fingerprint,
        duplicate=duplicate,
        survivor=survivor,
        created_at=work.now,
    )
    work.add(merge)
    approvals.request_approval(
        work,
        kind=ApprovalKind.MERGE,
        subject_id=merge.pk,
        subject_reference=str(merge),
        is_live=survivor.is_live,
        reason=words,
    )
    return merge


@command("parties.merge.approved")
def approve_merge(work: Work, *, subject_id: uuid.UUID, key: str, note: str = "") -> Merge:
    """A second person says yes: the duplicate points at the survivor from now on.

    What the duplicate had stays where it was booked and is shown with the survivor's. Duplicates
    that pointed at it point at the survivor too. Never by the person who asked; everything is
    checked again. Five SELECTs.
    """
    merge = _load_merge(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    approvals.decide(work, approval, approve=True, note=_checked(note))
    duplicate, survivor = merge.duplicate, merge.survivor
    _check_merge(work, duplicate, survivor, has_request=False)
    older = work.load(Customer.objects.filter(merged_into=duplicate).order_by("pk"))
    for customer in (duplicate, *older):
        work.change(
            customer, event="parties.customer.merged", merged_into=survivor, merged_at=work.now
        )
    work.change(merge, status=Merge.Status.MERGED, settled_at=work.now)
    return merge


@command("parties.merge.rejected")
def reject_merge(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Merge:
    """A second person says no; it may be asked for again."""
    merge = _load_merge(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    approvals.decide(work, approval, approve=False, note=_checked(note))
    work.change(merge, status=Merge.Status.REJECTED, settled_at=work.now)
    return merge


@command("parties.merge.withdrawn")
def withdraw_merge(work: Work, *, subject_id: uuid.UUID, note: str = "") -> Merge:
    """The person who asked takes it back before anybody decided."""
    merge = _load_merge(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    approvals.withdraw(work, approval, note=_checked(note))
    work.change(merge, status=Merge.Status.WITHDRAWN, settled_at=work.now)
    return merge


@command("parties.merge.lapsed")
def lapse_merge(work: Work, *, subject_id: uuid.UUID) -> Merge:
    """Nobody decided in time."""
    merge = _load_merge(work, subject_id)
    approval = approvals.load_approval(work, subject_id)
    if approval.expires_at > work.now:
        return merge
    approvals.expire(work, approval)
    work.change(merge, status=Merge.Status.LAPSED, settled_at=work.now)
    return merge


def _load_pair(
    work: Work, duplicate_id: uuid.UUID, survivor_id: uuid.UUID
) -> tuple[Customer, Customer]:
    rows = work.load(Customer.objects.filter(pk__in=[duplicate_id, survivor_id]))
    by_id = {row.pk: row for row in rows}
    if not {duplicate_id, survivor_id} <= set(by_id):
        raise errors.no_such_customer()
    return by_id[duplicate_id], by_id[survivor_id]


def _load_merge(work: Work, merge_id: uuid.UUID) -> Merge:
    return work.load_one(
        Merge.objects.filter(pk=merge_id), errors.no_such_merge(), also=("duplicate", "survivor")
    )


def _check_merge(work: Work, duplicate: Customer, survivor: Customer, *, has_request: bool) -> None:
    with_keys = find_data_keys([duplicate.pk, survivor.pk])
    decision = policy.merge_decision(
        duplicate,
        survivor,
        is_erased=len(with_keys) < len({duplicate.pk, survivor.pk}),
        has_request=has_request,
    )
    if not decision:
        raise Refusal("merge_refused", decision.reason, Kind.CONFLICT, about=duplicate)


def _checked(note: str) -> str:
    return clean_text(note, field="note", most=500, lines=True)

"""Asking for a second person, and deciding, inside somebody's Work."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from audit.approvals.models import Approval
from audit.approvals.policy import decide_decision, withdraw_decision
from audit.approvals.queries import find_limit
from audit.errors import Kind, Refusal
from audit.work import Work

LIFE = timedelta(days=7)


def request_approval(
    work: Work,
    *,
    kind: str,
    subject_id: uuid.UUID,
    subject_reference: str,
    reason: str,
    is_live: bool,
    amount_minor: int = 0,
    currency: str = "",
    reason_code: str = "",
) -> Approval:
    """Put a request in the inbox of those who may decide. Only people ask.

    Without a currency it is about no money, and no limit stands in the way. `is_live` False: it is
    about a test. `reason_code` names a reason that was chosen from a list; `reason` is what stood
    there.
    """
    work.assert_open()
    if work.actor.user_id is None:
        raise Refusal("approval_needs_person", _("Only a person can ask."), Kind.FORBIDDEN)
    approval = Approval(
        kind=kind,
        subject_id=subject_id,
        subject_reference=subject_reference,
        amount_minor=amount_minor,
        currency=currency,
        is_live=is_live,
        reason=reason[:200],
        reason_code=reason_code,
        requested_by_id=work.actor.user_id,
        requested_at=work.now,
        expires_at=work.now + LIFE,
    )
    work.add(approval, event="approvals.approval.requested")
    return approval


def load_approval(work: Work, subject_id: uuid.UUID) -> Approval:
    """The pending request of a subject; a conflict when it was decided meanwhile."""
    return work.load_one(
        Approval.objects.filter(subject_id=subject_id, status=Approval.Status.PENDING),
        Refusal("approval_decided", _("This was already decided."), Kind.CONFLICT),
    )


def decide(work: Work, approval: Approval, *, approve: bool, note: str = "") -> None:
    """Approve or reject; refuses the requester himself and whoever's limit is too low."""
    limit = find_limit(work.actor, approval.kind, approval.currency)
    decision = decide_decision(work.actor, approval, limit, work.now)
    if not decision:
        raise Refusal("approval_refused", decision.reason, Kind.FORBIDDEN, about=approval)
    status = Approval.Status.APPROVED if approve else Approval.Status.REJECTED
    _close(work, approval, status, note)


def withdraw(work: Work, approval: Approval, note: str = "") -> None:
    """Take a request back."""
    decision = withdraw_decision(work.actor, approval)
    if not decision:
        raise Refusal("withdraw_refused", decision.reason, Kind.FORBIDDEN, about=approval)
    _close(work, approval, Approval.Status.WITHDRAWN, note)


def expire(work: Work, approval: Approval) -> None:
    """Nobody decided in time."""
    work.change(
        approval,
        event="approvals.approval.expired",
        status=Approval.Status.EXPIRED,
        decided_at=work.now,
    )


def _close(work: Work, approval: Approval, status: Approval.Status, note: str) -> None:
    work.change(
        approval,
        event=f"approvals.approval.{status.value}",
        status=status,
        decided_by_id=work.actor.user_id,
        decided_at=work.now,
        note=note[:500],
    )

"""What the person who asked does with the outcome. Decisions are commands of the kind's own app."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from audit.approvals.models import Approval
from audit.command import command
from audit.errors import Kind, Refusal
from audit.work import Work


@command("approvals.outcome.noticed")
def notice_outcome(work: Work, *, approval_id: uuid.UUID) -> Approval:
    """Put the notice of an outcome away. Only who asked has one; a repeat changes nothing."""
    approval = work.load_one(
        Approval.objects.filter(pk=approval_id),
        Refusal("approval_missing", _("There is no such request."), Kind.MISSING),
    )
    if approval.requested_by_id != work.actor.user_id:
        message = _("Only the person who asked is told of it.")
        raise Refusal("not_yours", message, Kind.FORBIDDEN, about=approval)
    if approval.status == Approval.Status.PENDING:
        raise Refusal("not_decided", _("This was not decided yet."), Kind.CONFLICT, about=approval)
    if approval.noticed_at is None:
        work.change(approval, noticed_at=work.now)
    return approval

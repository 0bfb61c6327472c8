"""Who may decide. Pure: everything it needs is given to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.approvals.models import Approval


@dataclass(frozen=True, slots=True)
class Decision:
    """May I, and if not, why not. `reason` is translated and stands beside the button."""

    allowed: bool
    reason: Any = ""

    def __bool__(self) -> bool:
        return self.allowed


YES = Decision(True)


def decide_decision(
    actor: Actor, approval: Approval, limit_minor: int | None, now: datetime
) -> Decision:
    """Whether `actor` may approve or reject; `limit_minor` is his own limit in the currency."""
    if approval.status != Approval.Status.PENDING:
        return Decision(False, _("This was already decided."))
    if approval.expires_at <= now:
        return Decision(False, _("This request has expired."))
    if actor.user_id == approval.requested_by_id:
        return Decision(False, _("You asked for this yourself: another person must decide."))
    if actor.user_id is None or not actor.may(f"approvals.decide_{approval.kind}"):
        return Decision(False, _("Your role does not decide on this."))
    if approval.currency and (limit_minor is None or approval.amount_minor > limit_minor):
        return Decision(False, _("The amount is above your own limit."))
    return YES


def withdraw_decision(actor: Actor, approval: Approval) -> Decision:
    """Only who asked may take it back, and only while it waits."""
    if approval.status != Approval.Status.PENDING:
        return Decision(False, _("This was already decided."))
    if actor.user_id != approval.requested_by_id:
        return Decision(False, _("Only the person who asked may withdraw this."))
    return YES


def limit_decision(actor: Actor, role: str) -> Decision:
    """Whether `actor` may say up to how much a role acts alone. Nobody raises his own limit."""
    if role in actor.roles:
        return Decision(
            False, _("You hold this role yourself: another person must set its limits.")
        )
    return YES

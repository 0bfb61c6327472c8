"""Limits, and what waits for a decision."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.approvals.models import Approval, ApprovalLimit
from audit.errors import Kind, Refusal


def find_limit(actor: Actor, kind: str, currency: str) -> int | None:
    """The highest limit of the actor's roles in minor units, None without one. One SELECT."""
    if not actor.roles:
        return None
    rows = ApprovalLimit.objects.filter(role__name__in=actor.roles, kind=kind, currency=currency)
    found: int | None = rows.aggregate(most=Max("max_minor"))["most"]
    return found


def limits_of(actor: Actor, kind: str) -> dict[str, int]:
    """`{currency: minor units}` of the actor, for a page with many currencies. One SELECT."""
    rows = (
        ApprovalLimit.objects.filter(role__name__in=actor.roles, kind=kind)
        .values("currency")
        .annotate(most=Max("max_minor"))
    )
    return {row["currency"]: row["most"] for row in rows}


def list_pending() -> QuerySet[Approval]:
    """What waits, oldest first, with who asked."""
    return (
        Approval.objects.filter(status=Approval.Status.PENDING)
        .select_related("requested_by")
        .order_by("requested_at", "pk")
    )


def list_decided() -> QuerySet[Approval]:
    """What is over, newest request first, with who asked and who decided."""
    # All the other states by name, not "all but one": the index begins with the state.
    over = [status for status in Approval.Status if status != Approval.Status.PENDING]
    return (
        Approval.objects.filter(status__in=over)
        .select_related("requested_by", "decided_by")
        .order_by("-requested_at", "-pk")
    )


def get_approval(approval_id: uuid.UUID) -> Approval:
    """One request with who asked and who decided. Raises Refusal (missing). One SELECT."""
    found = (
        Approval.objects.filter(pk=approval_id).select_related("requested_by", "decided_by").first()
    )
    if found is None:
        raise Refusal("approval_missing", _("There is no such request."), Kind.MISSING)
    return found


def list_expired(now: datetime, limit: int) -> QuerySet[Approval]:
    """Requests whose time is over but whose state does not say so yet."""
    return Approval.objects.filter(status=Approval.Status.PENDING, expires_at__lte=now).order_by(
        "requested_at", "pk"
    )[:limit]

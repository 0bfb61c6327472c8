"""Limits, and what waits for a decision."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, QuerySet

from audit.actor import Actor
from audit.approvals.models import Approval, ApprovalLimit


def find_limit(actor: Actor, kind: str, currency: str) -> int | None:
    """The highest limit of the actor's roles in minor units; None where no role has one. One SELECT."""
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
    """What was decided, newest first."""
    return (
        Approval.objects.exclude(status=Approval.Status.PENDING)
        .select_related("requested_by", "decided_by")
        .order_by("-requested_at", "pk")
    )


def list_expired(now: datetime, limit: int) -> QuerySet[Approval]:
    """Requests whose time is over but whose state does not say so yet."""
    return Approval.objects.filter(
        status=Approval.Status.PENDING, expires_at__lte=now
    ).order_by("requested_at", "pk")[:limit]

"""Limits, and what waits for a decision."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.actor import Actor
from audit.approvals.models import Approval, ApprovalLimit
from audit.approvals.models import Kind as Kinds
from audit.errors import Kind, Refusal


def find_limit(actor: Actor, kind: str, currency: str) -> int | None:
    """The highest limit of the actor's roles in minor units, None without one. One SELECT."""
    return limits_of(actor, kind).get(currency)


def limits_of(actor: Actor, kind: str) -> dict[str, int]:
    """`{currency: minor units}` of the actor, for a page with many currencies. One SELECT."""
    return as_limits(select_limits(actor, kind))


def select_limits(actor: Actor, kind: str) -> QuerySet[Any, Any]:
    """The SELECT that `as_limits` reads, for whoever reads it together with something else."""
    rows = ApprovalLimit.objects.filter(role__name__in=actor.roles, kind=kind)
    return rows.order_by("currency").values("currency").annotate(most=Max("max_minor"))


def as_limits(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """`{currency: minor units}`. No queries."""
    return {row["currency"]: row["most"] for row in rows}


def all_limits_of(actor: Actor) -> dict[str, dict[str, int]]:
    """The same for each kind of request: `{kind: {currency: minor units}}`. One SELECT."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    rows = ApprovalLimit.objects.filter(role__name__in=actor.roles).values("kind", "currency")
    for row in rows.annotate(most=Max("max_minor")):
        found[row["kind"]][row["currency"]] = row["most"]
    return found


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


def list_decidable(actor: Actor, now: datetime) -> QuerySet[Approval]:
    """What waits and `actor` may decide, within his limits. One SELECT here, for the limits.

    The rule is `policy.decide_decision`'s, said in SQL.
    """
    fits = Q(pk__in=[])
    limits = all_limits_of(actor)
    for kind in Kinds:
        if actor.may(f"approvals.decide_{kind}"):
            fits |= Q(kind=kind, currency="")
            for currency, most in limits.get(kind, {}).items():
                fits |= Q(kind=kind, currency=currency, amount_minor__lte=most)
    rows = Approval.objects.filter(fits, status=Approval.Status.PENDING, expires_at__gt=now)
    return rows.exclude(requested_by_id=actor.user_id)


def list_asked_by(actor: Actor) -> QuerySet[Approval]:
    """What `actor` has asked for and nobody has decided yet."""
    return Approval.objects.filter(status=Approval.Status.PENDING, requested_by_id=actor.user_id)


NEWS = timedelta(days=30)
MOST_NEWS = 4


def list_unnoticed(person_id: uuid.UUID, now: datetime) -> list[Approval]:
    """What became of a person's requests and he has not put away yet, the latest first.

    With who decided. One SELECT.
    """
    told = (Approval.Status.APPROVED, Approval.Status.REJECTED, Approval.Status.EXPIRED)
    rows = Approval.objects.filter(
        requested_by_id=person_id,
        noticed_at__isnull=True,
        status__in=told,
        decided_at__gt=now - NEWS,
    )
    return list(rows.select_related("decided_by").order_by("-decided_at", "pk")[:MOST_NEWS])

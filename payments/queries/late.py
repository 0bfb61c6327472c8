"""Authorizations that turned up after their attempt had failed."""

from __future__ import annotations

import uuid

from audit.together import together
from payments.models import Attempt, LateAuthorization

WITH = ("payment", "attempt__account")


def get_late(late_id: uuid.UUID) -> LateAuthorization:
    """One with its payment and attempt. One SELECT."""
    return LateAuthorization.objects.select_related(*WITH).get(pk=late_id)


def find_told(connector: str, reference: str) -> tuple[LateAuthorization | None, Attempt | None]:
    """What the provider calls by this reference, with the account to ask it through: what turned up
    late, and the attempt. One SELECT; none without a reference."""
    if not reference:
        return None, None
    named = {"connector": connector, "provider_reference": reference}
    late, attempts = together(
        LateAuthorization.objects.filter(**named).select_related("attempt__account").order_by("pk"),
        Attempt.objects.filter(**named).select_related("account").order_by("pk"),
    )
    return next(iter(late), None), next(iter(attempts), None)


def has_later_attempt(attempt: Attempt) -> bool:
    """Whether the payment was tried again. One SELECT."""
    others = Attempt.objects.filter(payment_id=attempt.payment_id)
    return others.filter(number__gt=attempt.number).exists()


def find_by_key(connector: str, key: str) -> Attempt | None:
    """The attempt whose key a provider names, when it knows the provider's name for itself no more
    than we do. One SELECT."""
    try:
        attempt_id = uuid.UUID(key)
    except ValueError:
        return None
    rows = Attempt.objects.filter(pk=attempt_id, connector=connector, provider_reference="")
    return rows.select_related("account").first()

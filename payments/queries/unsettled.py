"""What a provider has not told us, payment by payment."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from payments.models import Asking, Attempt, Capture, Increment, Refund
from payments.queries.due import WITH

MODELS: tuple[type[Asking], ...] = (Attempt, Increment, Capture, Refund)
OPEN_TO_INQUIRY = ("unknown", "conflicted", "requires_action", "void_unknown")
"""States in which the provider may be asked at any time. What is only on its way is not among
them: asked too early, a provider says that it never heard of it."""


def list_open_to_inquiry(payment_id: uuid.UUID) -> Iterator[Asking]:
    """The rows of a payment that the provider may be asked about now. Four SELECTs."""
    for model in MODELS:
        rows = model.objects.filter(payment_id=payment_id, status__in=OPEN_TO_INQUIRY)
        yield from rows.select_related(*WITH[model]).order_by("created_at", "pk")


def list_open_increments(attempt_id: uuid.UUID) -> list[Increment]:
    """The increases of an attempt that have not come to an end, oldest first."""
    rows = Increment.objects.filter(
        attempt_id=attempt_id, status__in=("pending", "unknown", "conflicted")
    )
    return list(rows.select_related("attempt").order_by("created_at", "pk"))

"""What a list shows beside its payments, fetched for a whole page at once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from payments.models import Attempt, Payment
from payments.parties.queries import masked_many

OF_ATTEMPT = frozenset({"card", "connector", "decline", "held_until"})
OF_CUSTOMER = frozenset({"email"})


@dataclass(frozen=True, slots=True)
class Beside:
    """The last attempt of each payment, and its customer's masked fields."""

    attempts: dict[uuid.UUID, Attempt] = field(default_factory=dict)
    customers: dict[uuid.UUID, dict[str, str]] = field(default_factory=dict)

    def attempt(self, payment: Payment) -> Attempt | None:
        return self.attempts.get(payment.pk)

    def customer(self, payment: Payment, name: str) -> str:
        """A masked field of the customer; nothing for a payment without one."""
        if payment.customer_id is None:
            return ""
        return str(self.customers.get(payment.customer_id, {}).get(name, ""))


def look_beside(payments: Sequence[Payment], columns: Collection[str]) -> Beside:
    """What the `columns` need beside the payments. One SELECT for each of the two, if needed."""
    wanted = set(columns)
    attempts = _last_attempts(payments) if wanted & OF_ATTEMPT else {}
    people = {}
    if wanted & OF_CUSTOMER:
        known = {one.customer.pk: one.customer for one in payments if one.customer is not None}
        people = masked_many(known.values(), ("email",))
    return Beside(attempts, people)


def _last_attempts(payments: Sequence[Payment]) -> dict[uuid.UUID, Attempt]:
    rows = (
        Attempt.objects.filter(payment_id__in=[one.pk for one in payments])
        .select_related("card")
        .order_by("payment_id", "number")
    )
    return {attempt.payment_id: attempt for attempt in rows}

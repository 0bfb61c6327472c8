"""What of our rows goes on record, and whose data they are."""

from __future__ import annotations

import uuid

from audit import modes, net
from audit.looks import whose
from payments.models.attempts import Attempt, Increment
from payments.models.captures import Capture
from payments.models.corrections import Correction
from payments.models.late import LateAuthorization
from payments.models.networks import NetworkTerms
from payments.models.payments import Payment
from payments.models.refunds import Refund, RefundReason

ONCE = ["key", "fingerprint", "version"]


def register() -> None:
    """Have every change on record, and every look found by whom it showed."""
    for model in (Payment, Attempt, Increment, Capture, LateAuthorization):
        net.keep(model, left_out=ONCE)
    net.keep(Refund, masked=["comment"], left_out=ONCE)
    net.keep(Correction, masked=["evidence"], left_out=ONCE)
    net.cover(RefundReason)
    net.cover(NetworkTerms)
    modes.mark(Payment)
    whose[Payment] = lambda payment: payment.customer_id
    whose[Refund] = _customer_of_refund


def _customer_of_refund(refund: Refund) -> uuid.UUID | None:
    """Whose a refund is, when its payment came along; else its payment is shown beside it."""
    payment = refund._state.fields_cache.get("payment")
    return payment.customer_id if payment else None

"""A payment, and the rows whose states it is derived from: attempts, captures, refunds.

All amounts are integers in the minor unit of the payment's currency.
"""

from payments.models.asked import Asked
from payments.models.attempts import Attempt, Increment
from payments.models.captures import Capture
from payments.models.corrections import Correction
from payments.models.days import DaysProgress, DayTotals
from payments.models.late import LateAuthorization
from payments.models.networks import NetworkTerms
from payments.models.payments import Payment, reference_of
from payments.models.refunds import Refund, RefundReason

Asking = Attempt | Increment | Capture | Refund | LateAuthorization
"""Rows that a provider was asked about."""

__all__ = [
    "Asked",
    "Asking",
    "Attempt",
    "Capture",
    "Correction",
    "DayTotals",
    "DaysProgress",
    "Increment",
    "LateAuthorization",
    "NetworkTerms",
    "Payment",
    "Refund",
    "RefundReason",
    "reference_of",
]

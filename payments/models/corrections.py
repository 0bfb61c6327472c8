"""A state that a person set right."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.owned import KeyedModel
from payments.ledger.money import Money
from payments.models.attempts import Attempt, Increment
from payments.models.captures import Capture
from payments.models.late import LateAuthorization
from payments.models.payments import Payment
from payments.models.refunds import Refund, RefundReason

CORRECTED: dict[str, type[models.Model]] = {
    "attempt": Attempt,
    "increment": Increment,
    "capture": Capture,
    "refund": Refund,
    "late": LateAuthorization,
}
"""What each kind of correction is about."""


class Correction(KeyedModel):
    """A state set by a person to what the provider really says: beside what was, never over it; or
    what he decided about money that turned up late.

    Names the row it corrects, what that was and what it is to be, why, and what shows it.
    """

    class Kind(models.TextChoices):
        ATTEMPT = "attempt", _("authorization")
        CAPTURE = "capture", _("capture")
        REFUND = "refund", _("refund")
        INCREMENT = "increment", _("increment")
        LATE = "late", _("late authorization")

    class Status(models.TextChoices):
        AWAITING_APPROVAL = "awaiting_approval", _("waiting for approval")
        DONE = "done", _("corrected")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        LAPSED = "lapsed", _("approval expired")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="corrections")
    reference = models.CharField(max_length=16)
    kind = models.CharField(max_length=10, choices=Kind)
    row_id = models.UUIDField()
    from_status = models.CharField(max_length=16)
    to_status = models.CharField(max_length=16)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    provider_reference = models.CharField(max_length=80, blank=True)
    reason = models.ForeignKey(RefundReason, on_delete=models.PROTECT, related_name="+")
    evidence = models.CharField(max_length=1000)
    status = models.CharField(max_length=20, choices=Status, default=Status.DONE)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta(KeyedModel.Meta):
        verbose_name = _("correction")
        indexes = [models.Index(fields=["row_id", "status"], name="payments_correction_row")]
        constraints = [
            *KeyedModel.Meta.constraints,
            models.UniqueConstraint(fields=["reference"], name="payments_correction_reference"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    def words_of(self, status: str) -> Any:
        """What a state of the corrected row is called."""
        return CORRECTED[self.kind].Status(status).label  # type: ignore[attr-defined]

    @property
    def before(self) -> Any:
        return self.words_of(self.from_status)

    @property
    def after(self) -> Any:
        return self.words_of(self.to_status)

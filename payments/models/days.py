"""What became of a day's payments, added up."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.owned import OwnedModel


class DayTotals(OwnedModel):
    """What became of the payments that a merchant took on one day in one currency, up to now: of
    its live payments, or of its tests.

    Computed, never decided: a refund of today changes the row of the day on which its payment was
    taken. Days are those of the house's time zone. Its id follows from its name.
    """

    merchant = models.ForeignKey("parties.Merchant", on_delete=models.PROTECT, related_name="+")
    is_live = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    day = models.DateField()
    taken = models.PositiveIntegerField(default=0)
    taken_minor = models.BigIntegerField(default=0)
    approved = models.PositiveIntegerField(default=0)
    approved_minor = models.BigIntegerField(default=0)
    declined = models.PositiveIntegerField(default=0)
    captured = models.PositiveIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    refunded = models.PositiveIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)

    class Meta(OwnedModel.Meta):
        verbose_name = _("totals of a day")
        verbose_name_plural = _("totals of days")
        indexes = [
            models.Index(fields=["is_live", "day", "currency", "merchant"], name="payments_days"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "is_live", "currency", "day"], name="payments_day_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"


class DaysProgress(OwnedModel):
    """How far the totals of days have come; there is one row.

    Days up to `through_on` are complete, in `zone`; changes on record up to `changes_until` are in
    them. Another time zone makes other days: then all are computed anew.
    """

    zone = models.CharField(max_length=64)
    through_on = models.DateField(null=True)
    changes_until = models.DateTimeField()

    class Meta(OwnedModel.Meta):
        verbose_name = _("progress of the totals of days")

    def __str__(self) -> str:
        return f"{self.zone} {self.through_on}"

"""What every row has that a provider was asked about."""

from __future__ import annotations

from django.db import models

from payments.ledger.money import Money


class Asked(models.Model):
    """What we asked a provider, and when to ask again for an answer that never came.

    `answered_minor` and `answered_currency` are set when the answer was about another amount than
    was asked for.
    """

    connector = models.CharField(max_length=20)
    provider_reference = models.CharField(max_length=80, blank=True, db_index=True)
    raw_status = models.CharField(max_length=80, blank=True)
    asked_times = models.PositiveSmallIntegerField(default=0)
    ask_at = models.DateTimeField(null=True)
    answered_minor = models.BigIntegerField(null=True)
    answered_currency = models.CharField(max_length=3, blank=True)

    class Meta:
        abstract = True

    @property
    def answered(self) -> Money | None:
        """The amount the provider spoke of, when it is not the one that was asked for."""
        if self.answered_minor is None:
            return None
        return Money(self.answered_minor, self.answered_currency)

"""What the card networks allow, as far as our rules need it."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.card_numbers import refuse_card_number


class NetworkTerms(models.Model):
    """How long a network lets an authorization live, where the provider does not say it.

    The table is the administrators'; `migrate` makes the rows that are missing
    (`payments.install`). The row `other` is for every network that has none of its own.
    """

    OTHER = "other"

    network = models.SlugField(_("network"), max_length=20, primary_key=True)
    holds_days = models.PositiveSmallIntegerField(
        _("days an authorization lives"), validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    source = models.CharField(
        _("says who"),
        max_length=200,
        validators=[refuse_card_number],
        help_text=_("Where it is written: a rule of the network, a contract with the acquirer."),
    )

    class Meta:
        verbose_name = _("card network")
        verbose_name_plural = _("card networks")
        ordering = ("network",)
        indexes = [models.Index(fields=["holds_days", "network"], name="payments_network_days")]

    def __str__(self) -> str:
        return self.network

"""Which payments go to which accounts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.owned import OwnedModel
from payments.gateways.models.accounts import ConnectorAccount


class Route(OwnedModel):
    """A rule: payments of a merchant, in a currency, with a brand of card, go to these accounts,
    in this order. What is empty means any. Of those that fit the most exact one counts.

    `scope` writes out what it is about, so that there is one rule for it.
    """

    scope = models.CharField(max_length=90, editable=False)
    merchant = models.ForeignKey(
        "parties.Merchant", on_delete=models.PROTECT, null=True, related_name="+"
    )
    is_live = models.BooleanField(_("live"), default=False)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    brand = models.CharField(_("brand"), max_length=20, blank=True)
    first = models.ForeignKey(ConnectorAccount, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(
        ConnectorAccount, on_delete=models.PROTECT, null=True, related_name="+"
    )
    third = models.ForeignKey(
        ConnectorAccount, on_delete=models.PROTECT, null=True, related_name="+"
    )
    is_active = models.BooleanField(_("counts"), default=True)
    changed_at = models.DateTimeField(_("changed"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta(OwnedModel.Meta):
        verbose_name = _("routing rule")
        verbose_name_plural = _("routing rules")
        indexes = [
            models.Index(fields=["is_active", "changed_at", "id"], name="gateways_route_changed")
        ]
        constraints = [
            models.UniqueConstraint(fields=["scope"], name="gateways_route_once"),
            models.CheckConstraint(
                condition=Q(third=None) | Q(second__isnull=False), name="gateways_route_in_order"
            ),
            models.CheckConstraint(
                condition=~Q(second=F("first")) & ~Q(third=F("first")) & ~Q(third=F("second")),
                name="gateways_route_of_different",
            ),
        ]

    def __str__(self) -> str:
        return self.scope

    @property
    def accounts(self) -> list[ConnectorAccount]:
        return [one for one in (self.first, self.second, self.third) if one is not None]


def scope_of(merchant: object, currency: str, brand: str, *, is_live: bool) -> str:
    """What a rule is about, written out."""
    mode = "live" if is_live else "test"
    return f"{mode}:{merchant or '*'}:{currency or '*'}:{brand or '*'}"

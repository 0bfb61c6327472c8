"""The smallest models that show every rule of the kernel."""

from django.db import models
from django.db.models import Q

from audit.owned import KeyedModel, OwnedModel


class Box(OwnedModel):
    label = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.label


class Toy(KeyedModel):
    box = models.ForeignKey(Box, on_delete=models.PROTECT, null=True)
    name = models.CharField(max_length=40)
    count = models.IntegerField(default=0)
    facts = models.JSONField(default=dict)
    secret = models.CharField(max_length=40, blank=True)

    class Meta(KeyedModel.Meta):
        constraints = [
            *KeyedModel.Meta.constraints,
            models.CheckConstraint(name="toys_count_small", condition=Q(count__lt=1000)),
        ]

    def __str__(self) -> str:
        return self.name


class Purse(OwnedModel):
    balance_minor = models.BigIntegerField(default=0)

    class Meta(OwnedModel.Meta):
        constraints = [
            models.CheckConstraint(name="toys_purse_holds", condition=Q(balance_minor__gte=0))
        ]

    def __str__(self) -> str:
        return "purse"


class Stone(OwnedModel):
    append_only = True

    carved = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.carved
